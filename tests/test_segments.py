"""System B's windows in time: theorems on segments, windows, and what the store keeps."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from emopipe.face.crop_forms import complete, times_and_crops, with_times
from emopipe.networks.temporal_aggregation.windows import (
    chosen_frames,
    pictures,
    segment_bounds,
    sound_windows,
    window_starts,
)
from emopipe.voice.transforms import FLOOR, decibels

sizes = st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(n, 200)))


@given(sizes)
def test_segments_are_equal_and_hold_every_frame_once(frames_and_segments):
    n_segments, n_frames = frames_and_segments
    bounds = segment_bounds(n_frames, n_segments)
    assert bounds[0] == 0 and bounds[-1] == n_frames
    lengths = np.diff(bounds)
    assert lengths.min() >= 1 and lengths.max() - lengths.min() <= 1
    middles = (np.arange(n_frames) + 0.5) / n_frames * n_segments
    belongs = np.searchsorted(bounds, np.arange(n_frames), side="right") - 1
    assert np.array_equal(belongs, np.floor(middles + 1e-9))


@given(sizes, st.integers(0, 100))
def test_a_draw_is_a_frame_of_its_segment(frames_and_segments, seed):
    n_segments, n_frames = frames_and_segments
    bounds = segment_bounds(n_frames, n_segments)
    u = np.random.default_rng(seed).random((3, n_segments))
    drawn = chosen_frames(n_frames, n_segments, u)
    assert (drawn >= bounds[:-1]).all() and (drawn < bounds[1:]).all()
    first, last = (chosen_frames(n_frames, n_segments, np.full(n_segments, x)) for x in (0, 0.999))
    assert np.array_equal(first, bounds[:-1]) and np.array_equal(last, bounds[1:] - 1)


@given(sizes)
def test_the_middle_draw_is_nearest_to_the_middle_of_the_segment(frames_and_segments):
    n_segments, n_frames = frames_and_segments
    chosen = chosen_frames(n_frames, n_segments, np.full(n_segments, 0.5))
    times = (np.arange(n_frames) + 0.5) / n_frames
    middles = (np.arange(n_segments) + 0.5) / n_segments
    assert (np.abs(times[chosen] - middles) <= 1 / n_frames + 1e-12).all()
    if n_frames % n_segments == 0 and (n_frames // n_segments) % 2:
        assert np.allclose(times[chosen], middles)


def test_every_frame_of_a_segment_is_as_likely():
    u = np.random.default_rng(0).random((6000, 3))
    counts = np.bincount(chosen_frames(12, 3, u).ravel(), minlength=12)
    assert (np.abs(counts - 1500) < 200).all()


@given(st.floats(0, 100), st.floats(0, 1, exclude_max=True), st.floats(0.1, 3), st.floats(0, 0.5))
def test_windows_lie_around_the_frame(time, u, window, offset):
    start = window_starts([time], [u], window=window, offset=offset)[0]
    assert abs(start / 16000 + window / 2 - time) <= offset + 1 / 16000 + 1e-6
    exact = window_starts([time], [0.5], window=window, offset=offset)[0]
    assert exact == window_starts([time], [u], window=window, offset=0.0)[0]


@settings(deadline=None)
@given(st.integers(1, 50), st.lists(st.integers(-60, 110), min_size=1), st.integers(1, 60))
def test_beyond_the_ends_of_a_clip_there_is_silence(n, starts, length):
    samples = np.arange(1, n + 1, dtype=np.int16)
    far = np.concatenate([np.zeros(200, np.int16), samples, np.zeros(200, np.int16)])
    expected = np.stack([far[200 + s : 200 + s + length] for s in starts])
    cut = sound_windows(samples, starts, length)
    assert np.array_equal(cut, expected) and cut.dtype == np.int16


def test_pictures_are_those_of_whole_clips_and_do_not_depend_on_each_other():
    rng = np.random.default_rng(0)
    windows = rng.normal(size=(3, 4000)).astype(np.float32) / 10
    n_columns = decibels(windows[0], n_bins=33).shape[1]
    drawn = pictures(windows, size=(33, n_columns))
    levels = decibels(windows[1], n_bins=33)
    assert np.array_equal(drawn[1], np.rint((levels / -FLOOR + 1) * 255).clip(0, 255))
    assert np.array_equal(pictures(windows[::-1], size=(33, n_columns)), drawn[::-1])
    assert pictures(windows, size=(33, 50)).shape == (3, 33, 50)
    assert not pictures(np.zeros((1, 400), np.float32), size=(33, 9)).any()


@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))
def test_times_come_back_with_their_crops(n, rows, columns, seed):
    rng = np.random.default_rng(seed)
    times, crops = rng.random(n) * 1e3, rng.integers(0, 256, (n, rows, columns, 3), np.uint8)
    again, same = times_and_crops(with_times(times, crops), (rows, columns))
    assert np.array_equal(again, times) and np.array_equal(same, crops)


@given(st.integers(1, 30), st.integers(0, 999))
def test_missing_faces_take_the_nearest_and_keep_their_time(n_frames, seed):
    rng = np.random.default_rng(seed)
    jitter = rng.uniform(-0.02, 0.02, n_frames)
    every = (np.arange(n_frames) + 0.5) / n_frames * 3.0 + jitter
    there = np.sort(rng.choice(n_frames, rng.integers(1, n_frames + 1), replace=False))
    times, crops = complete(every[there], there, (np.arange(n_frames) + 0.5) / n_frames * 3.0)
    assert len(times) == len(crops) == n_frames
    assert np.abs(times - every).max() <= 0.02 + 1e-9
    assert np.array_equal(times[there], every[there]) and np.array_equal(crops[there], there)
    gaps = np.abs(np.subtract.outer(every, every[there])).min(axis=1)
    assert (np.abs(every - every[crops]) <= gaps + 0.04 + 1e-9).all()
