"""Names are the field's nouns for values and verbs for functions."""

import ast
import doctest
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Words that say nothing about a value, and pictures from elsewhere.
VAGUE = """
    asked course courses done found given heard held kept known laid one own place places said seen
    shelf shelves shown some study taken told wanted casting studio
"""
IRREGULAR = """
    begun bent bought broken brought built caught chosen drawn driven fallen felt found frozen given
    gone grown heard held hidden kept known laid led left lent lit lost made met paid said seen sent
    shown sold spent spoken stolen sworn taken taught thought thrown told torn understood woken won
    worn woven written
"""
VAGUE, IRREGULAR = set(VAGUE.split()), set(IRREGULAR.split())
VERBS_IN_ED = {
    "embed",
    "exceed",
    "feed",
    "need",
    "proceed",
    "reseed",
    "seed",
    "shed",
    "speed",
    "succeed",
}

# A field of result.json, which earlier versions wrote, and where a recipe's files lie.
EXEMPT = {("emopipe/literature.py", "place"), ("emopipe/extraction/recipe.py", "places")}


def examples(tree):
    """Yield the trees of the examples in docstrings, at their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = ast.get_docstring(node, clean=False) or ""
            for example in doctest.DocTestParser().get_examples(text):
                code = ast.parse(example.source)
                yield ast.increment_lineno(code, node.body[0].lineno + example.lineno - 1)


def bound_names(tree):
    """Yield (line, name) of every variable, parameter, attribute, function, class and alias."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.alias) and node.asname:
            yield node.lineno, node.asname
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.lineno, node.name


def is_participle(name):
    word = name.strip("_")
    plain = word.islower() and "_" not in word  # isOpened is OpenCV's
    regular = plain and word.endswith("ed") and word not in VERBS_IN_ED
    return regular or word in IRREGULAR


def functions(tree):
    """Yield (line, name) of functions; a property and a fixture are values."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            marks = [ast.unparse(mark).partition("(")[0] for mark in node.decorator_list]
            if not set(marks) & {"property", "cached_property", "pytest.fixture"}:
                yield node.lineno, node.name


def faults(path):
    """Return what is wrong with the names of a file."""
    file, tree = path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))
    names = [pair for code in (tree, *examples(tree)) for pair in bound_names(code)]
    vague = [(line, name) for line, name in names if name.strip("_") in VAGUE]
    texts = [
        f"{file}:{line}: `{name}` says nothing of the value: take the field's noun for it"
        for line, name in sorted(vague)
        if (file, name) not in EXEMPT
    ]
    return texts + [
        f"{file}:{line}: the function `{name}` is a participle: take a verb"
        for line, name in functions(tree)
        if is_participle(name)
    ]


FILES = sorted(
    file for name in ("emopipe", "experiments", "tests") for file in (ROOT / name).rglob("*.py")
)


def test_names_are_nouns_of_the_field_and_functions_are_verbs():
    assert [text for file in FILES for text in faults(file)] == []


def test_modules_have_plain_names():
    assert [str(file) for file in FILES if file.stem.strip("_") in VAGUE] == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("found = 1", "`found` says nothing"),
        ("for one in (1, 2): pass", "`one` says nothing"),
        ("def f(*, asked): pass", "`asked` says nothing"),
        ("self.kept = {}", "`kept` says nothing"),
        ("class A:\n    place: str", "`place` says nothing"),
        ("def f():\n    '''\n    >>> found = 1\n    '''", "`found` says nothing"),
        ("def _opened(path): pass", "`_opened` is a participle"),
        ("def written(): pass", "`written` is a participle"),
    ],
)
def test_a_vague_name_or_a_participle_is_noticed(tmp_path, monkeypatch, code, words):
    monkeypatch.setattr("test_language.ROOT", tmp_path)
    path = tmp_path / "a.py"
    path.write_text(code)
    assert [words in text for text in faults(path)] == [True]


def test_a_verb_a_property_and_a_fixture_are_no_participles(tmp_path, monkeypatch):
    monkeypatch.setattr("test_language.ROOT", tmp_path)
    path = tmp_path / "a.py"
    path.write_text(
        "def embed(x): pass\nclass A:\n    @property\n    def closed(self): pass\n"
        "@pytest.fixture(scope='module')\ndef trained(): pass\n"
    )
    assert faults(path) == []
