"""The grid of transforms: every combination once, each doing what it says."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emopipe.cli import main
from emopipe.face.augmentation import (
    IDENTITY,
    THESIS,
    FaceTransform,
    apply_transform,
    choose_transforms,
    describe,
    grid,
    named_transforms,
)
from emopipe.face.augmentation_sheets import draw_sheet

CROP = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)


def test_the_thesis_grid_has_every_combination_once():
    assert len(set(THESIS)) == len(THESIS) == 3 * 2**6 and THESIS[0] == IDENTITY
    assert {t.rotation for t in THESIS} == {0.0, 30.0, -30.0}
    for name in ("flip_horizontal", "flip_vertical", "zoom", "scale", "right", "down"):
        values = [getattr(t, name) for t in THESIS]
        assert sorted(values.count(value) for value in set(values)) == [96, 96]


def test_nothing_changes_nothing():
    assert np.array_equal(apply_transform(CROP, IDENTITY), CROP)


@given(st.sampled_from(THESIS))
def test_copies_keep_shape_and_invent_no_brighter_pixel(transform):
    copy = apply_transform(CROP, transform)
    assert copy.shape == CROP.shape and copy.dtype == np.uint8
    assert copy.max() <= np.rint(CROP.max() * transform.scale)


@given(st.sampled_from(THESIS), st.booleans(), st.booleans())
def test_flips_come_last(transform, horizontal, vertical):
    plain = transform._replace(flip_horizontal=False, flip_vertical=False)
    flipped = transform._replace(flip_horizontal=horizontal, flip_vertical=vertical)
    expected = apply_transform(CROP, plain)[:: -1 if vertical else 1, :: -1 if horizontal else 1]
    off = np.abs(apply_transform(CROP, flipped).astype(int) - expected)
    # OpenCV rounds places to 1/32 of a pixel, on the other side of it in the mirror.
    assert np.median(off) <= 10


def test_single_transforms_against_plain_arithmetic():
    assert np.array_equal(apply_transform(CROP, FaceTransform(flip_vertical=True)), CROP[::-1])
    dim = apply_transform(CROP, FaceTransform(scale=0.8))
    assert np.array_equal(dim, np.rint(CROP * 0.8).astype(np.uint8))
    quarter = apply_transform(CROP, FaceTransform(right=0.25))
    assert np.array_equal(quarter[:, 6:], CROP[:, :-6])
    assert (quarter[:, :6] == CROP[:, :1]).all()
    lower = apply_transform(CROP, FaceTransform(down=0.25))
    assert np.array_equal(lower[6:], CROP[:-6])
    assert np.array_equal(apply_transform(CROP, FaceTransform(rotation=90.0)), np.rot90(CROP))


def test_zoom_shows_the_middle_larger():
    rows = np.arange(24, dtype=np.uint8)[:, None, None] * 10
    ramp = np.broadcast_to(rows, (24, 24, 3)).copy()
    assert (
        np.abs(np.diff(apply_transform(ramp, FaceTransform(zoom=2.0))[:, 0, 0].astype(int))).max()
        < 6
    )


def test_choose_transforms_depend_on_the_crop_alone():
    other = CROP[::-1].copy()
    first = choose_transforms(CROP, THESIS, 5)
    assert first == choose_transforms(CROP.copy(), THESIS, 5) and len(set(first)) == 5
    assert first != choose_transforms(other, THESIS, 5)
    assert choose_transforms(CROP, THESIS, None) == choose_transforms(CROP, THESIS, 500)


def test_named_transforms_are_checked_and_of_one_type():
    assert named_transforms(None) == ()
    assert len(named_transforms("thesis")) == 191
    [transform] = named_transforms([(30, 1, 0, 1, 1, 0, 0)])
    assert transform == FaceTransform(30.0, True) and type(transform.rotation) is float
    assert type(transform.flip_horizontal) is bool
    with pytest.raises(ValueError, match="'thesis'"):
        named_transforms("more")
    for wrong in ({"spin": 3}, {"zoom": 0}, {"rotation": float("nan")}, 7, {"zoom": "big"}):
        with pytest.raises(ValueError, match="augmentation"):
            named_transforms([wrong])
    with pytest.raises(ValueError, match="spin"):
        grid(spin=(1, 2))


def test_every_transform_has_words_of_its_own():
    assert len({describe(t) for t in THESIS}) == len(THESIS)


def test_sheet_has_the_copies_in_order():
    sheet = draw_sheet(CROP, THESIS[:5], columns=2)
    assert sheet.shape == (72, 48, 3)
    assert np.array_equal(sheet[:24, 24:], apply_transform(CROP, THESIS[1]))
    assert (sheet[48:, 24:] == 255).all()


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "face.png"
    cv2.imwrite(str(path), CROP)
    return path


def test_augment_draws_a_sheet(picture, tmp_path, capsys):
    out = tmp_path / "sheets" / "sheet.png"
    arguments = [str(picture), "--out", str(out), "--detector", "none", "--size", "24"]
    assert main(["augment", *arguments]) == 0, capsys.readouterr().err
    sheet = cv2.imread(str(out))
    assert sheet.shape == (12 * 24, 16 * 24, 3) and np.array_equal(sheet[:24, :24], CROP)


def test_augment_lists_in_words(capsys):
    assert main(["augment", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 192 and lines[0].endswith("as it is")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--out sheet.png"),
        (["PICTURE"], "--out is needed"),
        (["PICTURE", "--out", "sheet.tex"], "--out is needed"),
        (["PICTURE", "--out", "sheet.png", "--detector", "eyes"], "allowed are haar"),
        (["PICTURE", "--out", "sheet.png", "--size", "0"], "from 1 to"),
        (["PICTURE", "--out", "sheet.png"], "no trusted face"),
    ],
)
def test_augment_says_what_is_wrong(arguments, words, picture, capsys):
    arguments = [str(picture) if a == "PICTURE" else a for a in arguments]
    assert main(["augment", *arguments]) == 1
    assert words in capsys.readouterr().err
