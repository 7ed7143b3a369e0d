"""Augmented copies: all frames alike, every transform does what its name says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emopipe.face.augmentation import (
    BRIGHTNESS,
    CONTRAST,
    PART,
    ROTATION,
    ClipTransform,
    apply_transform,
    draw_transforms,
)
from emopipe.face.augmentation_sheets import draw_clip_sheet
from emopipe.voice.augmentation import (
    GAIN,
    PITCH,
    SHIFT,
    SPEED,
    SoundTransform,
    apply_sound_transform,
    draw_sound_transforms,
)


def frames(channels=20, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (49, 40, channels), dtype=np.uint8)


@given(st.integers(0, 999), st.sampled_from([1, 2, 3, 5, 20]))
@settings(max_examples=30, deadline=None)
def test_all_frames_are_transformed_alike(seed, channels):
    [transform] = draw_transforms(1, np.random.default_rng(seed))
    clip = frames(channels)
    whole = apply_transform(clip, transform)
    assert whole.shape == clip.shape and whole.dtype == np.uint8
    for channel in range(channels):
        alone = apply_transform(clip[..., channel : channel + 1], transform)
        assert np.array_equal(whole[..., channel : channel + 1], alone)


def test_nothing_changes_nothing():
    assert np.array_equal(apply_transform(frames(), ClipTransform()), frames())


def test_flipping_twice_changes_nothing():
    flip = ClipTransform(flip=True)
    assert np.array_equal(apply_transform(apply_transform(frames(), flip), flip), frames())


@given(st.integers(0, 999))
def test_choose_transforms_lie_within_their_ranges(seed):
    for t in draw_transforms(5, np.random.default_rng(seed)):
        assert abs(t.rotation) <= ROTATION and PART <= t.part <= 1
        assert 0 <= t.down <= 1 and 0 <= t.right <= 1
        assert CONTRAST[0] <= t.contrast <= CONTRAST[1] and abs(t.brightness) <= BRIGHTNESS


def test_a_crop_shows_its_corner():
    clip = np.zeros((40, 40, 1), np.uint8)
    clip[:20, :20] = 200
    corner = apply_transform(clip, ClipTransform(part=0.5, down=0.0, right=0.0))
    other = apply_transform(clip, ClipTransform(part=0.5, down=1.0, right=1.0))
    assert corner[:-2, :-2].min() == 200 and other[2:, 2:].max() == 0


def test_rotation_turns_about_the_middle():
    clip = np.zeros((41, 41, 1), np.uint8)
    clip[20, :] = 255
    turned = apply_transform(clip, ClipTransform(rotation=90.0))[..., 0]
    assert turned[:, 20].min() == 255 and turned[:, :15].max() == 0


def test_illumination():
    clip = np.array([[[100], [200]]], np.uint8)
    brighter = apply_transform(clip, ClipTransform(brightness=20.0))
    assert brighter.ravel().tolist() == [120, 220]
    steeper = apply_transform(clip, ClipTransform(contrast=2.0))
    assert steeper.ravel().tolist() == [72, 255]


def test_the_sheet_shows_the_clip_and_its_copies():
    clip = frames()
    transforms = draw_transforms(3, np.random.default_rng(0))
    sheet = draw_clip_sheet(clip, transforms, n_frames=4)
    assert sheet.shape == (4 * 49, 4 * 40)
    assert np.array_equal(sheet[:49, :40], clip[..., 0])
    assert np.array_equal(sheet[-49:, -40:], apply_transform(clip, transforms[2])[..., -1])


def test_draws_are_repeatable():
    first, two, other = (draw_transforms(4, np.random.default_rng(s)) for s in (1, 1, 2))
    assert first == two != other
    assert np.mean([t.flip for t in draw_transforms(400, np.random.default_rng(0))]) == (
        pytest.approx(0.5, abs=0.1)
    )


def voice(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (48, 32), dtype=np.uint8)


def test_no_change_of_the_sound():
    assert np.array_equal(apply_sound_transform(voice(), SoundTransform()), voice())


def test_pitch_multiplies_frequencies():
    tone = np.zeros((48, 32), np.uint8)
    tone[20] = 200
    assert (
        apply_sound_transform(tone, SoundTransform(pitch=1.1)).argmax(axis=0).tolist() == [22] * 32
    )


def test_shift_moves_the_onset():
    sound = np.zeros((48, 32), np.uint8)
    sound[:, 8:] = 200
    later = apply_sound_transform(sound, SoundTransform(shift=0.25))
    assert later[:, :16].max() == 0 and later[:, 16:].min() == 200


def test_speed_stretches_about_the_middle():
    sound = np.zeros((48, 32), np.uint8)
    sound[:, 12:20] = 200
    slower = apply_sound_transform(sound, SoundTransform(speed=2.0))
    assert (slower > 100).sum(axis=1).tolist() == [16] * 48
    assert np.array_equal(slower, slower[:, ::-1])


def test_drawn_sounds_lie_within_their_ranges():
    drawn = np.array(draw_sound_transforms(500, np.random.default_rng(0)))
    spans = np.array([[SPEED, SHIFT, PITCH, GAIN]])
    assert (np.abs(drawn - [1, 0, 1, 0]) <= spans).all()
    assert np.allclose(np.abs(drawn - [1, 0, 1, 0]).max(axis=0), spans, rtol=0.02)
