"""Status ok means that every feature is finite: a search over odd signals and odd pictures."""

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.io import wavfile

from emopipe.extraction.pooling import POOLINGS
from emopipe.face import face_crops
from emopipe.media import ClipError
from emopipe.voice.clips import frame_features
from emopipe.voice.functional_sets import SETS
from emopipe.voice.functionals import clip_functionals

STATUSES = {"silent", "too_short", "no_audio", "corrupt"}
FLOATS = st.floats(width=32, allow_nan=True, allow_infinity=True)
WILD = st.sampled_from([0.0, 1e-45, -1e-38, 1e-20, 3e-5, 1.0, -1.5, 32768.0, 2.0**31, 1e34, 3e38])


@st.composite
def pieces(draw):
    """Draw a stretch of a signal: constant, tone, noise, square, samples at will."""
    n, level = draw(st.integers(1, 9000)), draw(WILD | FLOATS)
    kind = draw(st.sampled_from(["constant", "tone", "noise", "square", "spike", "any"]))
    time, rng = np.arange(n), np.random.default_rng(draw(st.integers(0, 99)))
    with np.errstate(all="ignore"):
        match kind:
            case "constant":
                return np.full(n, level)
            case "tone":
                return level * np.sin(time * draw(st.floats(0, 4)))
            case "noise":
                return level * rng.standard_normal(n)
            case "square":
                return level * np.sign(np.sin(time * draw(st.floats(0, 4))))
            case "spike":
                return np.where(time == n // 2, level, 0.0)
    return np.resize(draw(npst.arrays(np.float32, st.integers(1, 50), elements=FLOATS)), n)


@st.composite
def signals(draw):
    parts = draw(st.lists(pieces(), min_size=1, max_size=4))
    kind = draw(st.sampled_from(["float32", "int16", "int32", "uint8"]))
    with np.errstate(all="ignore"):
        samples = np.concatenate(parts).astype(np.float32)
        if kind == "float32":
            return samples
        top = {"int16": 2**15 - 1, "int32": 2**31 - 129, "uint8": 127}[kind]
        whole = np.nan_to_num(np.clip(samples, -1, 1)) * top
        return (whole + 128 if kind == "uint8" else whole).astype(kind)


@settings(max_examples=60, deadline=None)
@given(
    samples=signals(),
    rate=st.sampled_from([8000, 16000, 44100]),
    short=st.sampled_from(["mirror", "pad", "refuse"]),
    sizes=st.sampled_from([(1.0, 0.05), (0.05, 0.025)]),
)
@example(np.full(20000, 1e34, np.float32), 16000, "mirror", (1.0, 0.05))
@example(np.r_[np.ones(9999), 3e38].astype(np.float32), 16000, "mirror", (0.05, 0.025))
@example(np.tile(np.float32([0, 1e-3]), 9000), 16000, "mirror", (0.05, 0.025))
def test_the_voice_of_an_odd_signal_is_finite(tmp_path_factory, samples, rate, short, sizes):
    path = tmp_path_factory.mktemp("odd") / "a.wav"
    wavfile.write(path, rate, samples)
    how = {"window": sizes[0], "step": sizes[1], "sample_rate": 16000}
    pool = POOLINGS["mean_std"]()
    try:
        for block in frame_features(path, **how, engine="emopipe", short=short):
            pool.add(block.rows, block.times)
    except ClipError as error:
        assert error.status in STATUSES and error.detail
        return
    assert np.isfinite(pool.value()).all()


@pytest.mark.filterwarnings("error::RuntimeWarning")
@settings(max_examples=40, deadline=None)
@given(samples=signals(), rate=st.sampled_from([8000, 16000, 44100]))
@example(np.full(20000, 1e34, np.float32), 16000)
@example(np.r_[np.ones(9999), 3e38].astype(np.float32), 16000)
@example(np.r_[np.zeros(9000), 0.5, np.zeros(9000)].astype(np.float32), 16000)
@example((4e9 * np.sin(np.arange(20000) / 30)).astype(np.float32), 16000)
def test_the_functionals_of_an_odd_signal_are_finite(tmp_path_factory, samples, rate):
    path = tmp_path_factory.mktemp("odd") / "a.wav"
    wavfile.write(path, rate, samples)
    try:
        for block in clip_functionals(path, sets=list(SETS)):
            assert np.isfinite(block.rows).all()
    except ClipError as error:
        assert error.status in STATUSES and error.detail


@st.composite
def images(draw):
    """Draw a picture of any shape: flat, noise, ramps, or a face drawn with ellipses."""
    rows, columns = draw(st.integers(1, 260)), draw(st.integers(1, 260))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    match draw(st.sampled_from(["flat", "noise", "ramp", "face"])):
        case "flat":
            return np.full((rows, columns, 3), draw(st.integers(0, 255)), np.uint8)
        case "noise":
            return rng.integers(0, 256, (rows, columns, 3)).astype(np.uint8)
        case "ramp":
            return np.resize(np.arange(256, dtype=np.uint8), (rows, columns, 3))
    image = np.full((rows, columns, 3), 200, np.uint8)
    middle, size = (columns // 2, rows // 2), min(rows, columns) // 3
    cv2.ellipse(image, middle, (size, size * 4 // 3), 0, 0, 360, (150, 170, 220), -1)
    for side in (-1, 1):
        eye = middle[0] + side * size // 2, middle[1] - size // 3
        cv2.circle(image, eye, size // 6, (20, 20, 20), -1)
    return image


@pytest.mark.parametrize("detector", ["haar", None])
@settings(max_examples=40, deadline=None)
@given(
    image=images(),
    margin=st.sampled_from([0.0, 0.2, 9.0]),
    policy=st.sampled_from(["all", "track"]),
)
@example(np.zeros((1, 260, 3), np.uint8), 0.2, "track")
@example(np.zeros((1, 1, 3), np.uint8), 9.0, "all")
def test_the_faces_of_an_odd_picture_are_pictures(
    tmp_path_factory, detector, image, margin, policy
):
    path = tmp_path_factory.mktemp("odd") / "a.png"
    cv2.imwrite(str(path), image)
    faces = face_crops(path, detector=detector, size=(48, 48), margin=margin, policy=policy)
    try:
        for chunk in faces:
            assert chunk.crops.shape == (len(chunk.boxes), 48, 48, 3)
            assert chunk.crops.dtype == np.uint8
            assert np.isfinite(chunk.boxes).all() and np.isfinite(chunk.times).all()
    except ClipError as error:
        assert error.status == "no_face" and detector is not None
