"""Everything public is imported from `emopipe` itself, which stays light and explains itself."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import emopipe

ROOT = Path(__file__).parent.parent
SCRIPTS = sorted((ROOT / "experiments").glob("*.py"))
EXCEPTIONS = {name for name in emopipe.__all__ if name.endswith(("Error", "Warning"))}


def test_importing_it_loads_no_heavy_library():
    heavy = ["tensorflow", "keras", "cv2", "av", "matplotlib", "sklearn", "pandas", "numpy"]
    code = f"import sys, emopipe; dir(emopipe); print(*(set({heavy}) & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_completion_offers_every_public_name_and_an_unknown_one_is_refused():
    assert set(emopipe.__all__) <= set(dir(emopipe))
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        emopipe.Nonsense  # noqa: B018


@pytest.mark.parametrize("name", emopipe.__all__)
def test_a_public_name_resolves_and_shows_an_example(name):
    value = getattr(emopipe, name)
    text = inspect.getdoc(value)
    assert text and value.__doc__
    if name not in EXCEPTIONS:
        assert ">>>" in text, f"{name} has no example"
        assert not inspect.signature(value).parameters or "Parameters\n" in text


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_an_experiment_imports_from_the_front_door_alone(script):
    tree = ast.parse(script.read_text())
    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert [name for name in modules if name and name.startswith("emopipe.")] == []


def test_readme_imports_from_the_front_door_alone():
    assert re.findall(r"from emopipe\.[\w.]+ import", (ROOT / "README.md").read_text()) == []
