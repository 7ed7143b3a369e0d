"""The pages in docs: code blocks run, command lines parse, links lead somewhere."""

import re
import shlex
import warnings
from configparser import ConfigParser
from pathlib import Path

import pytest

from emopipe.cli import _parser

ROOT = Path(__file__).parent.parent
PAGES = sorted(path for path in (ROOT / "docs").glob("*.md") if path.name != "api.md")
TEXTS = [ROOT / "README.md", *PAGES]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(path, *languages):
    """Return the code blocks of a page in these languages."""
    return [code for language, code in _BLOCK.findall(path.read_text()) if language in languages]


@pytest.mark.parametrize("page", [page for page in TEXTS if blocks(page, "python")],
                         ids=lambda page: page.stem)  # fmt: skip
def test_the_code_of_a_page_runs(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "page"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for code in blocks(page, "python"):
            exec(compile(code, page.name, "exec"), namespace)
    assert capsys.readouterr().out


def commands():
    """Yield (page, words) of every `emopipe` command in a block."""
    for path in TEXTS:
        for code in blocks(path, "", "bash"):
            for line in code.replace("\\\n", " ").splitlines():
                line = re.split(r"\s{3,}|\s#", line.strip())[0]
                # Two words with an explanation are an overview's, not a command's.
                if line.startswith("emopipe ") and len(line.split()) > 2:
                    yield path.name, line


@pytest.mark.parametrize(("page", "line"), sorted(set(commands())))
def test_a_command_in_the_pages_parses(page, line):
    _parser().parse_args(shlex.split(line)[1:])


def test_every_experiment_has_a_row_and_a_command():
    page = ROOT / "docs" / "experiments.md"
    named = re.findall(r"^emopipe run (\w+)", "".join(blocks(page, "")), re.MULTILINE)
    scripts = [path.stem for path in (ROOT / "experiments").glob("*.py")]
    assert sorted(named) == sorted(scripts)
    benchmarks = [f"bench/{path.stem}" for path in (ROOT / "experiments" / "bench").glob("*.py")]
    rows = re.findall(r"`([\w/]+)\.py`", page.read_text())
    assert set(scripts + benchmarks) <= set(rows)


def test_every_extra_is_explained():
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    text = (ROOT / "docs" / "using.md").read_text()
    extras = set(setup["options.extras_require"]) - {"test", "docs"}
    assert not {name for name in extras if f"`{name}`" not in text}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_lead_to_files(path):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[\w-]+)?\)", path.read_text()):
        assert (path.parent / target).exists(), target
