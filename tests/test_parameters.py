"""Errors over parameters have one wording, which names what is allowed."""

from pathlib import Path

import pytest

import emopipe
from emopipe.parameters import check_one_of, check_size


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


@pytest.mark.parametrize("size", [48, (48,), (48, 48, 3), (0, 48), (4.5, 48), "48", (48, None)])
def test_a_size_is_rows_and_columns(size):
    with pytest.raises(ValueError, match=r"^x=.*: give rows and columns, two whole numbers"):
        check_size("x", size)
    crops = emopipe.FaceTexture(faces=emopipe.FaceCrops(size=size))
    with pytest.raises(ValueError, match=r"^faces.size=.*: give rows and columns"):
        crops.fit(["a.png"])


def test_a_network_of_pictures_that_have_no_size():
    with pytest.raises(ValueError, match=r"^spectrogram_size=64: .* such as \(64, 64\)"):
        emopipe.AudioVisualCNN(spectrogram_size=64).fit(["a.mp4"], ["joy"])


def test_a_store_that_is_no_path():
    with pytest.raises(TypeError, match=r"^store=3 is a int: give 'default', the path"):
        emopipe.ShortTermStatistics(store=3).fit_transform([__file__])
