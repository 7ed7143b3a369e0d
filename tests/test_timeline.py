"""The page of emotion over time: self-contained, safe with hostile names, playing along."""

import re
from base64 import b64decode

import numpy as np
import pytest
from clips import number_picture, write_video
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import wavfile

from emopipe.media import probe, signal
from emopipe.media.playing import as_mp4
from emopipe.models import ClipPrediction, Moment, Prediction
from emopipe.report.playing import Playable, playables
from emopipe.report.timeline import HEIGHT, WIDTH, bands, colours_of, ticks, write_timeline

LABELS = ["fear", "joy"]


def _moment(start, stop, fear):
    scores = None if fear is None else {"fear": fear, "joy": 1 - fear}
    return Moment(start, stop, scores and max(scores, key=scores.get), scores,
                  {"voice": scores, "face": None})  # fmt: skip


def _predict(name="clip.wav", shares=(0.1, 0.4, None, 0.9)):
    windows = [_moment(n * 0.5, n * 0.5 + 0.5, share) for n, share in enumerate(shares)]
    clip = ClipPrediction(name, name, "partial", {"face": "no_video. It has no pictures."}, 2.0,
                          _moment(0, 2, 0.3), windows)  # fmt: skip
    return Prediction(LABELS, ["voice", "face"], [clip], 1.0, 1, 0.5, 0.5).to_dict()


@given(shares=st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1, max_size=12))
def test_bands_fill_the_height_and_lie_in_the_drawing(shares):
    moments = [({"start": n, "stop": n + 1}, None if s is None else {"fear": s, "joy": 1 - s})
               for n, s in enumerate(shares)]  # fmt: skip
    drawn = bands(moments, float(len(shares)), LABELS, 0.5)
    n_runs = len(re.findall("x+", "".join("-" if s is None else "x" for s in shares)))
    assert len(drawn) == 2 * n_runs
    for fear, joy in zip(drawn[::2], drawn[1::2], strict=True):
        points = [
            [tuple(map(float, p.split(","))) for p in text.split()] for _, text in (fear, joy)
        ]
        half = len(points[0]) // 2
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for band in points for x, y in band)
        assert all(y == HEIGHT for _, y in points[0][:half])
        assert all(y == pytest.approx(0, abs=0.05) for _, y in points[1][half:])
        assert points[0][half:] == points[1][:half][::-1]


def test_colours_are_fixed_and_differ():
    actual = colours_of(["anger", "neutral", "pride", "envy"])
    assert len(set(actual.values())) == 4 and actual["anger"] == colours_of(["anger"])["anger"]


def test_page_is_self_contained_and_escapes(tmp_path):
    hostile = "<script>alert(1)</script> \"ü\" & 'x'.wav"
    page = write_timeline(_predict(hostile), tmp_path / "sub" / "p.html", title="<b>me</b>",
                          media=[Playable("audio", "data:audio/wav;base64,AAAA")])  # fmt: skip
    html = page.read_text(encoding="utf-8")
    assert "<script>alert" not in html and "<b>me" not in html and "://" not in html
    assert "&lt;script&gt;alert(1)" in html and "no_video" in html
    again = write_timeline(_predict(hostile), tmp_path / "q.html", title="<b>me</b>",
                           media=[Playable("audio", "data:audio/wav;base64,AAAA")])  # fmt: skip
    assert again.read_bytes() == page.read_bytes()


def test_a_page_copies_recordings_only_where_that_is_wanted_and_they_are_small(tmp_path):
    path = tmp_path / "ein töner.wav"
    wavfile.write(path, 16000, np.zeros(1000, np.int16))
    by_path = Playable("audio", "../ein%20t%C3%B6ner.wav")
    assert playables([path], tmp_path / "pages") == [by_path]
    (inside,) = playables([path], tmp_path / "pages", embed=True)
    assert b64decode(inside.address.partition(",")[2]) == path.read_bytes()
    assert playables([path], tmp_path / "pages", embed=True, largest=100) == [by_path]


def test_what_browsers_do_not_play_is_coded_again(tmp_path):
    sound = 0.4 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    path = write_video(tmp_path / "a.mkv", map(number_picture, range(25)), sound=sound)
    (tmp_path / "b.mp4").write_bytes(as_mp4(path))
    before, after = probe(path), probe(tmp_path / "b.mp4")
    assert after.has_audio and (after.rows, after.columns) == (before.rows, before.columns)
    assert after.duration == pytest.approx(before.duration, abs=0.15)
    assert np.abs(signal(tmp_path / "b.mp4")).max() == pytest.approx(0.4, abs=0.1)
    (inside,) = playables([path], tmp_path, embed=True, n_jobs=1)
    assert inside.kind == "video" and inside.address.startswith("data:video/mp4;base64,")
    (named,) = playables([path], tmp_path)
    assert named.kind == "" and "--embed makes a copy" in named.note


def test_a_part_of_a_recording_is_played_from_a_copy_of_the_part(tmp_path):
    wavfile.write(tmp_path / "a.wav", 16000, np.full(32000, 999, np.int16))
    part = f"{tmp_path}/a.wav#t=0.5,1.5"
    (named,) = playables([part], tmp_path)
    assert not named.address and "a part of a recording" in named.note
    (inside,) = playables([part], tmp_path, embed=True, n_jobs=1)
    (tmp_path / "b.mp4").write_bytes(b64decode(inside.address.partition(",")[2]))
    assert probe(tmp_path / "b.mp4").duration == pytest.approx(1.0, abs=0.1)


def test_what_cannot_be_played_says_why(tmp_path):
    (tmp_path / "a.flv").write_bytes(b"nothing at all")
    (actual,) = playables([tmp_path / "a.flv"], tmp_path, embed=True, n_jobs=1)
    assert actual.kind == "" and "corrupt" in actual.note
    page = write_timeline(_predict(), tmp_path / "p.html", title="t", media=[actual])
    assert "Not played here" in page.read_text()


def _cursors(browser):
    return browser.execute_script(
        "return [...document.querySelectorAll('.inner')].map(line => +line.getAttribute('x1'))"
    )


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["audio", "video"])
def test_the_cursor_follows_the_clip(browser, tmp_path, kind):
    if kind == "audio":
        path = tmp_path / "ton.wav"
        wavfile.write(path, 16000, (8000 * np.sin(np.arange(32000) / 20)).astype(np.int16))
    else:
        path = write_video(tmp_path / "bild.mkv", map(number_picture, range(50)))
    page = write_timeline(_predict(), tmp_path / "p.html", title="A clip over time",
                          media=playables([path], tmp_path, embed=True, n_jobs=1))  # fmt: skip
    browser.set_window_size(1000, 900)
    browser.get(page.as_uri())
    browser.set_script_timeout(20)
    ended = browser.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "const player = document.querySelector('audio, video');"
        "player.addEventListener('error', () => done('cannot be played'));"
        "player.addEventListener('seeked', () => setTimeout(() => done(player.currentTime), 50));"
        "const seek = () => { player.currentTime = 0.6; };"
        "player.readyState ? seek() : player.addEventListener('loadedmetadata', seek);"
    )
    assert ended == pytest.approx(0.6, abs=0.05)
    assert _cursors(browser) == [pytest.approx(WIDTH * 0.3, abs=30)] * 3
    visible = [out.text for out in browser.find_elements("css selector", "output")]
    assert "joy 0.60" in visible[0] and "joy 0.60" in visible[1] and "no answer" in visible[2]
    assert browser.get_log("browser") == []


@pytest.mark.browser
def test_a_click_moves_every_cursor(browser, tmp_path):
    page = write_timeline(_predict(), tmp_path / "p.html", title="t", media=[Playable("", "", "")])
    browser.get(page.as_uri())
    browser.execute_script(
        "const svg = document.querySelector('svg'), box = svg.getBoundingClientRect();"
        "svg.dispatchEvent(new MouseEvent('click', {clientX: box.left + 0.75 * box.width,"
        " clientY: box.top + 5}))"
    )
    assert _cursors(browser) == [pytest.approx(WIDTH * 0.75, abs=3)] * 3
    overflow = browser.execute_script(
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0
    drawn = browser.find_elements("css selector", ".curve svg")
    assert len(drawn) == 3 and all(svg.size["width"] > 400 for svg in drawn)


def _page(tmp_path, **changes):
    prediction = _predict()
    prediction["clips"][0] |= changes
    return write_timeline(prediction, tmp_path / "p.html", title="t", media=[Playable("", "", "")])


@pytest.mark.browser
def test_the_keyboard_moves_the_moment_and_a_reader_hears_it(browser, tmp_path):
    browser.get(_page(tmp_path).as_uri())
    svg = browser.find_element("css selector", "svg[role=slider]")
    moved = []
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "End", "ArrowRight", "Home"):
        browser.execute_script(
            "arguments[0].focus();"
            "arguments[0].dispatchEvent(new KeyboardEvent('keydown', {key: arguments[1]}))",
            svg,
            key,
        )
        moved.append(float(svg.get_attribute("aria-valuenow")))
    assert moved == [0.5, 1.0, 0.5, 2.0, 2.0, 0.0]
    assert svg.get_attribute("aria-valuetext") == "0.00 s: joy 0.90, fear 0.10"
    assert browser.execute_script("return document.activeElement.getAttribute('role')") == "slider"


@pytest.mark.browser
def test_the_face_is_boxed_only_near_a_picture_that_was_looked_at(browser, tmp_path):
    path = write_video(tmp_path / "a.mkv", map(number_picture, range(50)))
    prediction = _predict()
    prediction["clips"][0]["faces"] = [[0.0, 0.25, 0.1, 0.5, 0.6, 0.93]]
    page = write_timeline(prediction, tmp_path / "p.html", title="t",
                          media=playables([path], tmp_path, embed=True, n_jobs=1))  # fmt: skip
    browser.get(page.as_uri())
    ended = browser.execute_async_script(
        "const done = arguments[arguments.length - 1], face = document.querySelector('.face');"
        "const video = document.querySelector('video'), shown = [getComputedStyle(face).display];"
        "const text = face.textContent.trim();"
        "const ratio = () => face.getBoundingClientRect().width / video.clientWidth;"
        "const start = () => { const wide = ratio(); video.currentTime = 1.8;"
        "  video.addEventListener('seeked', () => setTimeout(() => done("
        "    [...shown, getComputedStyle(face).display, text, wide]), 50)); };"
        "video.readyState ? start() : video.addEventListener('loadedmetadata', start);"
    )
    assert ended[:3] == ["block", "none", "face, score 0.93"]
    assert ended[3] == pytest.approx(0.5, abs=0.05)


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_no_sideways_scroll_and_no_tiny_text(browser, tmp_path, width):
    browser.set_window_size(width, 900)
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500})  # fmt: skip
    browser.get(_page(tmp_path, clip="a_very_long_name_of_a_recording" * 4 + ".wav").as_uri())
    browser.execute_script("document.querySelector('details').open = true")
    over, smallest = browser.execute_script(
        "const root = document.documentElement, texts = [...document.querySelectorAll('body *')]"
        ".filter(one => !['SCRIPT', 'STYLE', 'TITLE', 'title'].includes(one.tagName) &&"
        " [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()));"
        "return [root.scrollWidth - root.clientWidth,"
        " Math.min(...texts.map(one => parseFloat(getComputedStyle(one).fontSize)))]"
    )
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert over <= 0 and smallest >= 11, browser.execute_script(
        "return [...document.querySelectorAll('body *')].filter(one =>"
        " one.getBoundingClientRect().right > innerWidth).map(one => one.outerHTML.slice(0, 99))"
    )


def test_every_score_of_the_drawing_is_in_a_table_and_times_on_an_axis(tmp_path):
    html = _page(tmp_path).read_text(encoding="utf-8")
    tables = html.split("<table>")[1:]
    assert len(tables) == 3 and [table.count('<th scope="row">') for table in tables] == [4, 4, 4]
    cells = " ".join(re.findall(r"<td>(.+?)</td>", tables[0]))
    assert cells == "0.10 0.90 0.40 0.60 – – 0.90 0.10"
    assert re.findall(r'%">([\d.]+ s)</span>', html)[:5] == ["0 s", "0.5 s", "1 s", "1.5 s", "2 s"]


@given(duration=st.floats(0.01, 1e6))
def test_ticks_are_few_even_and_in_the_clip(duration):
    times = ticks(duration)
    assert times[0] == 0 and times[-1] <= duration + 1e-6 and 1 <= len(times) <= 9
    np.testing.assert_allclose(np.diff(times), times[1] if len(times) > 1 else 0)


def test_a_long_recording_makes_no_endless_page(tmp_path):
    prediction = _predict(shares=[0.5] * 20_000)
    prediction["clips"][0]["duration"] = 1e4
    page = write_timeline(prediction, tmp_path / "p.html", title="t", media=[Playable("", "", "")])
    html = page.read_text(encoding="utf-8")
    assert "Every 10th of 20000 windows is drawn" in html and len(html) < 2**20
    assert html.count('<th scope="row">') == 3 * 500 and "The first 500" in html
