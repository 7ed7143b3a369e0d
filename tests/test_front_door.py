"""Everything public is imported from `emopipe` itself, which stays light and explains itself."""

import ast
import inspect
import pkgutil
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import emopipe

ROOT = Path(__file__).parent.parent
SCRIPTS = sorted((ROOT / "experiments").glob("*.py"))
# Parameters that are lengths of time or rates.
TIMES = {"window", "step", "sample_rate", "fps", "start", "end", "seconds", "duration", "offset"}
EXCEPTIONS = {name for name in emopipe.__all__ if name.endswith(("Error", "Warning"))}


def test_importing_it_loads_no_heavy_library():
    heavy = ["tensorflow", "keras", "cv2", "av", "matplotlib", "sklearn", "pandas", "numpy"]
    code = f"import sys, emopipe; dir(emopipe); print(*(set({heavy}) & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_completion_offers_every_public_name_and_an_unknown_one_is_refused():
    assert set(emopipe.__all__) <= set(dir(emopipe))
    assert "importlib" not in dir(emopipe)
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        emopipe.Nonsense  # noqa: B018


def test_completion_offers_nothing_else_and_no_module_takes_a_public_name():
    import emopipe.evaluation

    assert {name for name in dir(emopipe) if not name.startswith("_")} == set(emopipe.__all__)
    modules = {module.name for module in pkgutil.iter_modules(emopipe.__path__)}
    assert modules & set(emopipe.__all__) == set()


@pytest.mark.parametrize("name", emopipe.__all__)
def test_a_public_name_resolves_and_shows_an_example(name):
    value = getattr(emopipe, name)
    text = inspect.getdoc(value)
    assert text and value.__doc__
    if name not in EXCEPTIONS:
        assert ">>>" in text, f"{name} has no example"
        assert not inspect.signature(value).parameters or "Parameters\n" in text


def sections(text):
    """Return the sections of a numpydoc text by their titles."""
    pieces = re.split(r"^(\w[\w ]*)\n-+$", text, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def raises_itself(function):
    if inspect.unwrap(function).__code__.co_filename == "<string>":  # a dataclass wrote it
        return False
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return any(isinstance(node, ast.Raise) for node in ast.walk(tree))


def undocumented_raises(value):
    """Return whether a function, or a class and all its methods, raise and do not say so."""
    if not inspect.isclass(value):
        return raises_itself(value) and "Raises" not in sections(inspect.getdoc(value))
    methods = [m for m in vars(value).values() if inspect.isfunction(m)]
    texts = [inspect.getdoc(item) or "" for item in (value, *methods)]
    return any(map(raises_itself, methods)) and not any("Raises\n" in text for text in texts)


def document_faults(name, value):
    """Return what the docstring of a public name lacks."""
    text, parts = inspect.getdoc(value), sections(inspect.getdoc(value))
    parameters = parts.get("Parameters", "") + "\n"
    imports = re.findall(r"from emopipe import (.*)", parts.get("Examples", ""))
    faults = [] if "See Also" in parts else ["See Also"]
    if name not in {word for line in imports for word in re.findall(r"\w+", line)}:
        faults.append("an example that imports it from emopipe")
    if re.search(r"from emopipe\.[\w.]+ import (?!FEATURES)", parts.get("Examples", "")):
        faults.append("an example that imports public names alone")
    if not inspect.isclass(value) and not {"Returns", "Yields", "Raises"} & set(parts):
        faults.append("Returns, Yields or Raises")
    faults += ["Raises"] if undocumented_raises(value) else []
    entry = r"^(\S[^:\n]*) : (.*\n(?: {4}.*\n|\n)*)"
    for words, text_of in re.findall(entry, parameters, re.MULTILINE):
        if TIMES & set(words.split(", ")) and not re.search(r"[Ss]econd|Hz|\bm?s\b", text_of):
            faults.append(f"a unit: {words}")
    arrays = re.findall(r"^\S.* : (.*\b(?:float|int|nd)\w* ?array.*)$", text, re.MULTILINE)
    faults += [f"a shape: {kind}" for kind in arrays if not re.search("shape|list of|of str", kind)]
    return faults


@pytest.mark.parametrize("name", sorted(set(emopipe.__all__) - EXCEPTIONS))
def test_a_public_docstring_is_complete(name):
    assert document_faults(name, getattr(emopipe, name)) == []


def test_what_a_docstring_lacks_is_noticed():
    def poor(x, window):
        """Do something.

        Parameters
        ----------
        x : float array
        window : float
            Its length.
        """
        raise ValueError

    assert document_faults("poor", poor) == [
        "See Also",
        "an example that imports it from emopipe",
        "Returns, Yields or Raises",
        "Raises",
        "a unit: window",
        "a shape: float array",
    ]


def parameters_of(node):
    """Return the names of a function's arguments, or of a class's constructor or fields."""
    if isinstance(node, ast.FunctionDef):
        return {arg.arg for arg in ast.walk(node.args) if isinstance(arg, ast.arg)}
    fields = {item.target.id for item in node.body if isinstance(item, ast.AnnAssign)}
    constructors = [item for item in node.body if getattr(item, "name", "") == "__init__"]
    return fields.union(*map(parameters_of, constructors))


def absent_parameters(code):
    """Yield the parameters that docstrings in code describe and that do not exist."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and parameters_of(node):
            described = sections(ast.get_docstring(node) or "").get("Parameters", "")
            names = " ".join(re.findall(r"^(\S[^:\n]*)", described, re.MULTILINE))
            yield from sorted(set(re.findall(r"\w+", names)) - parameters_of(node))


def test_docstrings_describe_parameters_that_exist():
    files = sorted((ROOT / "emopipe").rglob("*.py"))
    assert [(f.name, name) for f in files for name in absent_parameters(f.read_text())] == []
    method = '    def f(self, a):\n        """F.\n\n        Parameters\n        ----------\n'
    code = "class A:\n" + method + '        b, a : int\n        """'
    assert list(absent_parameters(code)) == ["b"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_an_experiment_imports_from_the_front_door_alone(script):
    tree = ast.parse(script.read_text())
    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert [name for name in modules if name and name.startswith("emopipe.")] == []


def test_readme_imports_from_the_front_door_alone():
    assert re.findall(r"from emopipe\.[\w.]+ import", (ROOT / "README.md").read_text()) == []
