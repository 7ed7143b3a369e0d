"""Errors over parameters have one wording, which names what is allowed."""

from pathlib import Path

import pytest

import emopipe
from emopipe.parameters import check_one_of


@pytest.mark.parametrize(
    ("value", "allowed", "message"),
    [
        (
            "Haar",
            ("haar", None),
            r"^x='Haar' is unknown; allowed: 'haar', None, or a list; did you mean 'haar'",
        ),
        (
            "meen",
            {"mean": 1, "max": 2},
            r"allowed: 'mean', 'max', or a list; did you mean 'mean'\?",
        ),
        ("zzz", ("a", "b"), r"allowed: 'a', 'b', or a list$"),
        ([1], ("a",), r"^x=\[1\] is unknown; allowed: 'a', or"),
        (None, ("a",), r"^x=None is unknown"),
        ("0", (0, 1), r"^x='0' is unknown; allowed: 0, 1"),
    ],
)
def test_an_unknown_value_is_answered_with_those_that_there_are(value, allowed, message):
    with pytest.raises(ValueError, match=message):
        check_one_of("x", value, allowed, advice=", or a list")


def test_what_is_allowed_passes():
    for value, allowed in [("a", "ab"), (None, ("a", None)), (2, (1, 2)), ("a", {"a": 1})]:
        check_one_of("x", value, allowed)


def test_the_wording_stands_in_one_module():
    package = Path(emopipe.__file__).parent
    modules = [p for p in package.rglob("*.py") if "r} is unknown" in p.read_text("utf-8")]
    assert [p.name for p in modules] == ["parameters.py"]
