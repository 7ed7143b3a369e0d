"""The report: complete, self-contained, safe with hostile text, and readable in a browser."""

import json
import re
import time
from dataclasses import replace
from functools import partial
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
from experiments_for_reports import (
    EMOTIONS,
    NoisyLabels,
    clip_table,
    experiment,
    full_experiment,
)
from hypothesis import given
from hypothesis import strategies as st

from emopipe.evaluation import evaluate
from emopipe.html_repr import luminance, shade
from emopipe.literature import Published
from emopipe.report import write_index, write_report
from emopipe.report.answer import answer, best, interval, points
from emopipe.report.charts import learning_curves, line_chart, ticks
from emopipe.report.pairs import all_pairs, p_words, reading
from emopipe.report.result_view import most_confused
from emopipe.report.view import checks_badge, experiment_view


@pytest.fixture(scope="module")
def invented():
    return experiment(notices=["Nobody was recorded for this."])


@pytest.fixture(scope="module")
def page(invented, tmp_path_factory):
    return write_report(invented, tmp_path_factory.mktemp("reports") / invented.name)


@pytest.fixture(scope="module")
def full_page(tmp_path_factory):
    """A report with every part, all of them open."""
    page = write_report(full_experiment(), tmp_path_factory.mktemp("full"))
    html = re.sub(r'<details class="(part|plain)"', r"\g<0> open", page.read_text())
    page.write_text(html)
    return page


class _Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links = []

    def handle_starttag(self, tag, attrs):
        self.links += [v for k, v in attrs if k in ("src", "href", "xlink:href") and v]


def test_report_is_one_small_file_without_outside_addresses(page):
    html = page.read_text()
    links = _Links()
    links.feed(html)
    files = [link for link in links.links if not link.startswith("#")]
    kinds = ("data:text/csv;base64,", "data:application/gzip;base64,",
             "data:application/x-bibtex;base64,")  # fmt: skip
    assert len(files) < len(links.links) and all(link.startswith(kinds) for link in files)
    assert "@import" not in html and "url(http" not in html and "<script" not in html
    assert page.stat().st_size < 2e6


def test_report_shows_what_the_experiment_holds(page, invented):
    text = re.sub(r"<[^>]+>", " ", page.read_text())
    for result in invented.results.values():
        assert f"{100 * result.metrics['uar']['value']:.1f}" in text
        assert result.fingerprint[:16] in text
        for check in result.checks:
            assert check["title"] in text
    texts = ("An invented experiment", "Can the report be read?", "Nobody was recorded", "A curve")
    for words in (*texts, "Nobody 1900", "emopipe run nothing", "synthetic", *EMOTIONS):
        assert words in text, words


def test_same_experiment_gives_the_same_bytes(invented, tmp_path):
    first = write_report(invented, tmp_path / "a").read_bytes()
    assert write_report(type(invented).load(tmp_path / "a"), tmp_path / "b").read_bytes() == first


def test_text_is_escaped(invented, tmp_path):
    hostile = replace(
        invented, title="<script>alert(1)</script>", notices=["<img src=x onerror=1>"]
    )
    html = write_report(hostile, tmp_path).read_text()
    assert "<script" not in html and "<img" not in html
    assert "&lt;script&gt;" in html


def test_confusions_are_ranked_by_their_share_of_an_emotion():
    counts = np.array([[80, 20, 0], [0, 5, 5], [1, 0, 9]])
    actual = most_confused(["neutral", "joy", "fear"], counts)
    assert actual[0] == (0.5, "joy", "fear") and actual[1] == (0.2, "neutral", "joy")


def words(html):
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.S)).split())


def change_and_render(experiment, tmp_path, *, protocol=None, **fields):
    """Return the text of the report after its first result has changed."""
    label, result = next(iter(experiment.results.items()))
    result = replace(result, protocol=result.protocol | (protocol or {}), **fields)
    return words(write_report(replace(experiment, results={label: result}), tmp_path).read_text())


def check(status):
    return {"id": status, "title": "no subject on two sides", "status": status, "reason": "s01 is"}


def test_a_failed_check_and_mixed_subjects_are_said_loudly(invented, tmp_path):
    text = change_and_render(
        invented, tmp_path, checks=[check("failed")], protocol={"subject_dependent": True}
    )
    assert "FAILED" in text and "Subject-dependent:" in text and "1 failed" in text
    assert "Check failed failed:" in text and "people who were trained on, too" in text
    assert "never trained on" not in text


def test_checks_are_counted_by_status_and_what_cannot_be_told_is_amber(invented, tmp_path):
    statuses = ["passed"] * 3 + ["cannot tell"] * 2 + ["not needed"]
    label = next(iter(invented.results))
    checked = replace(invented.results[label], checks=[check(status) for status in statuses])
    html = write_report(replace(invented, results={label: checked}), tmp_path).read_text()
    assert '<span class="badge warn">3 passed, 2 cannot tell, 1 not needed</span>' in html
    assert checks_badge(replace(checked, checks=[check("passed")]))["level"] == ""


def test_an_official_split_without_subjects_says_so(invented, tmp_path):
    protocol = {"subjects_named": False, "splitter": "official split (train -> test)"}
    text = change_and_render(invented, tmp_path, protocol=protocol)
    assert "official split; subjects not named" in text
    assert "never trained on" not in text and "unseen" not in text


def test_less_than_was_asked_has_a_headline(invented, tmp_path):
    coverage = {"asked": 1440, "answered": 332, "reasons": ["60 empty files"], "statuses": {}}
    text = change_and_render(invented, tmp_path, coverage=coverage)
    assert "Incomplete: 332 of 1440 clips" in text and "60 empty files" in text
    both = {k: replace(r, coverage=coverage) for k, r in invented.results.items()}
    (banner,) = experiment_view(replace(invented, results=both))["banners"]
    assert "answered in every result" in banner["text"]
    part = dict(invented.results) | {"skill 0.4": both["skill 0.4"]}
    (banner,) = experiment_view(replace(invented, results=part))["banners"]
    assert "answered in “skill 0.4”: 60 empty files" in banner["text"]
    assert "incomplete" in write_index(tmp_path.parent).read_text()


@pytest.mark.parametrize("severity", ["information", "warning", "severe"])
def test_notices_of_results_are_shown_with_their_severity(invented, tmp_path, severity):
    notice = {"text": "Subjects 17 to 24 are missing.", "severity": severity}
    label, result = next(iter(invented.results.items()))
    noticed = replace(invented, results={label: replace(result, notices=[notice])})
    html = write_report(noticed, tmp_path).read_text()
    assert f'<p class="notice {severity}">Subjects 17 to 24 are missing.</p>' in html


def test_a_notice_of_some_results_says_whose_it_is_and_remarks_are_one_list(invented, tmp_path):
    notice = {"text": "Nine clips are loud.", "severity": "warning"}
    labels = list(invented.results)
    results = invented.results | {labels[0]: replace(invented.results[labels[0]], notices=[notice])}
    remarks = [{"text": f"Deviation {n}.", "severity": "information"} for n in (1, 2)]
    noticed = replace(invented, results=results, notices=remarks)
    html = write_report(noticed, tmp_path).read_text()
    assert f"“{labels[0]}”: Nine clips are loud." in html
    assert "2 remarks" in html and "<li>Deviation 1.</li><li>Deviation 2.</li>" in html
    assert '<p class="notice information">' not in html


def test_the_answer_is_three_sentences_of_the_highest_the_differences_and_what_stands_beside():
    compared = experiment(skills=(0.9, 0.4, 0.45), references=["skill 0.9"])
    highest, apart, beside = (sentence["text"] for sentence in answer(compared))
    assert highest.startswith("Highest of 2: skill 0.45, UAR")
    assert (
        "best of 2 on the test clips themselves" in highest and "guessing gives 25.0 %" in highest
    )
    figure = compared.results["skill 0.45"].metrics["uar"]["value"]
    difference = figure - compared.results["skill 0.9"].metrics["uar"]["value"]
    assert apart == (
        f"Tested over 8 subjects, it is lower than skill 0.9 ({points(difference)} points, p = "
        ".016)."
    )
    assert re.match(
        r"Its hardest emotion is \w+ \(recall .* %, most often taken for \w+\)\.", beside
    )
    assert experiment_view(compared)["best"] is None and best(compared) == "skill 0.45"


def test_pairs_beside_the_question_do_not_weaken_its_answer():
    """Eight people, all better: 6 comparisons of 3 fusions with 2 references, p = 6 x 2 / 256."""
    compared = experiment(
        skills=(0.1, 0.12, 0.9, 0.91, 0.92), references=["skill 0.1", "skill 0.12"]
    )
    pairs = all_pairs(compared)
    adjusted = [row["test"]["uar"]["adjusted"] for row in pairs if row["a"] in compared.references]
    assert len(pairs) == 10 and adjusted[:6] == [12 / 256] * 6
    assert "it is higher than" in answer(compared)[1]["text"]


def test_the_answer_names_what_is_not_shown_to_differ():
    text = answer(experiment(skills=(0.6, 0.62, 0.1)))[1]["text"]
    assert re.fullmatch(
        r"Tested over 8 subjects, it is higher than skill 0\.1 \(\+\d+\.\d points, p = \.\d+\); it "
        r"is not shown to differ from skill 0\.62? \(.* points, p = .*\)\.",
        text,
    ), text


def test_an_answer_says_where_people_are_too_few_to_show_any_difference():
    compared = experiment(skills=(0.05, 0.95))
    three = answer(
        replace(compared, results=compared.results | {"again": compared.results["skill 0.95"]})
    )
    assert "No difference" not in three[1]["text"]  # 3 tests over 8 people: .023 is possible
    of_four = {
        label: evaluate(NoisyLabels(), clip_table(subjects=4, skill=skill), cv=2, n_bootstrap=0)
        for label, skill in {"low": 0.05, "high": 0.95}.items()
    }
    text = answer(replace(compared, results=of_four, published=[]))[1]["text"]
    assert text.endswith(
        "No difference can be shown over 4 subjects: p, for one test, is .125 or more."
    )
    # Differences to a reference are adjusted for their own number, whatever else is compared.
    three = of_four | {"again": of_four["high"]}
    text = answer(replace(compared, results=three, references=["low"], published=[]))[1]["text"]
    assert text.endswith("p, adjusted for 2 tests, is .250 or more."), text


def test_results_on_other_clips_are_not_compared():
    compared = experiment(skills=(0.3, 0.6))
    fewer = evaluate(NoisyLabels(), clip_table(subjects=6), cv=3, n_bootstrap=0)
    compared = replace(compared, results=compared.results | {"fewer": fewer})
    assert [(row["a"], row["b"]) for row in all_pairs(compared)] == [("skill 0.3", "skill 0.6")]
    many = {f"r{n}": result for n, result in enumerate([*compared.results.values()][:2] * 7)}
    rows = all_pairs(replace(compared, results=many, references=["r0"], published=[]))
    assert len(rows) == 13 + 12  # to the reference, and to the highest
    assert {"r0", "r1"} & {rows[0]["a"], rows[-1]["a"], rows[-1]["b"]}


def test_figures_on_different_clips_are_answered_apart(tmp_path):
    compared = experiment(skills=(0.3, 0.9))
    fewer = evaluate(NoisyLabels(), clip_table(subjects=6, skill=0.5), cv=3, n_bootstrap=0)
    compared = replace(compared, results={"fewer": fewer} | compared.results)
    assert best(compared) is None and experiment_view(compared)["best"] is None
    first, second = (sentence["text"] for sentence in answer(compared))
    assert first.startswith("On 96 clips of invented: Highest of 2: skill 0.9, UAR")
    assert "it is higher than skill 0.3" in first and "fewer" not in first
    assert second.startswith("On 72 clips of invented: fewer, UAR") and "skill" not in second
    many = {f"r{n}": fewer for n in range(3)} | compared.results | {"last": replace(
        fewer, predictions=fewer.predictions[:60])}  # fmt: skip
    texts = [sentence["text"] for sentence in answer(replace(compared, results=many))]
    assert len(texts) == 3 and "On 60 clips" in texts[-1]
    assert "<h4>" not in write_report(experiment(), tmp_path).read_text().split('id="corpora"')[0]


def test_references_alone_answer_nothing():
    compared = experiment(references=["skill 0.4", "skill 0.8"])
    assert best(compared) is None and not answer(compared)
    mixed = replace(compared.results["skill 0.8"], protocol={"subject_dependent": True})
    compared = experiment(references=["skill 0.4"])
    assert best(replace(compared, results=compared.results | {"skill 0.8": mixed})) is None


def test_results_that_are_as_high_are_named_too():
    compared = experiment(skills=(0.4, 0.8))
    compared = replace(compared, results=compared.results | {"twin": compared.results["skill 0.8"]})
    assert "Highest of 3: skill 0.8 (as high: twin), UAR" in answer(compared)[0]["text"]


def test_differences_are_worded_with_care():
    assert reading({"value": 0.0, "low": -0.01, "high": 0.0}) == "does not show a difference"
    assert reading({"value": 0.1, "low": None, "high": None}) == "does not show a difference"
    assert reading({"value": 0.1, "low": 0.01, "high": 0.2}) == "higher"
    assert reading({"value": -0.1, "low": -0.2, "high": 0.1}, p=0.04) == "lower"
    assert reading({"value": 0.1, "low": 0.01, "high": 0.2}, p=0.06).endswith("a difference")
    assert [p_words(p) for p in (1e-9, 0.05, 0.9999)] == ["< .001", ".050", "1"]
    assert interval({"low": None, "high": None}) == "" == interval({"low": np.nan, "high": np.nan})


@given(st.floats(-1, 1))
def test_no_difference_is_minus_zero(value):
    text = points(value)
    assert text != "−0.0" and (text == "0.0") == (abs(value) < 0.0005 or float(text[1:]) == 0)


def test_chance_is_a_row_with_the_majority_and_an_equal_share(invented, tmp_path):
    table = clip_table(skill=0.5)
    table = table[(table["emotion"] != "fear") | (table["clip"].str.endswith("/0"))]
    result = evaluate(NoisyLabels(), table, cv=4, n_bootstrap=50)
    single = replace(invented, results={"skill 0.4": result})
    text = words(write_report(single, tmp_path).read_text())
    assert re.search(r"always the most frequent emotion .* emotions 80 30\.0 25\.0 ", text)


def test_figures_of_others_stand_beside_ours_with_their_source_once(invented, tmp_path):
    figure = partial(Published, value=0.5, beside="skill 0.4", source="A")
    published = [
        figure(label="their mean", spread=0.1406, mean_over="subjects", where="table II"),
        figure(label="their folds", mean_over="folds", metric="uar"),
        figure(label="ours elsewhere", source=None, note="measured with openSMILE"),
        figure(label="not run here", beside=None),
    ]
    cited = replace(real(invented), published=published)
    rows = experiment_view(cited)["published"]
    result = cited.results["skill 0.4"]
    assert rows[0]["ours"] == result.subject_mean and rows[0]["our_spread"] == result.subject_std
    assert rows[1]["ours"] == pytest.approx(np.mean([fold["uar"] for fold in result.folds]))
    assert rows[2]["difference"] == pytest.approx(result.metrics["accuracy"]["value"] - 0.5)
    assert rows[3]["ours"] is None
    text = words(write_report(cited, tmp_path).read_text())
    assert "own measurement ; measured with openSMILE" in text
    assert "Ristea et al. 2019 , table II" in text
    assert text.count("Nicolae-Cătălin Ristea") == 2  # among the sources, and in BibTeX
    assert f"50.00 ± 14.06 {100 * result.subject_mean:.2f} ± {100 * result.subject_std:.2f}" in text


def real(experiment):
    """Return the experiment as if its people were real."""
    results = {
        label: replace(r, corpora=[c | {"synthetic": False} for c in r.corpora])
        for label, r in experiment.results.items()
    }
    return replace(experiment, results=results)


def test_no_figure_of_people_stands_beside_drawn_ones_as_if_comparable(invented, tmp_path):
    assert invented.synthetic and not real(invented).synthetic
    assert experiment_view(invented)["published"][0]["difference"] is None
    assert experiment_view(real(invented))["published"][0]["difference"] is not None
    drawn = write_report(invented, tmp_path / "a").read_text()
    assert "Not comparable:" in drawn and "ours − theirs" not in drawn
    assert 'class="dot theirs"' not in drawn
    people = write_report(real(invented), tmp_path / "b").read_text()
    assert "Not comparable:" not in people and "ours − theirs" in people
    assert 'class="dot theirs"' in people


def test_published_matrices_and_weights_stand_beside_ours(invented, tmp_path):
    result = invented.results["skill 0.8"]
    names = ["neutral", *(e for e in EMOTIONS if e != "neutral"), "pride"]
    shares = np.eye(len(names)).tolist()
    weights = {"voice": {"fear": 0.25, "anger": 0.5}, "face": {"fear": 0.75, "anger": 0.5}}
    folds = [fold | {"fusion_weights": {"voice": {"fear": 1.0}, "face": {"fear": 4.0}}}
             for fold in result.folds]  # fmt: skip
    figure = Published(
        label="their table", value=0.5, source="thesis", beside="skill 0.8", weights=weights,
        confusion={"classes": names, "shares": shares},
    )  # fmt: skip
    cited = replace(
        invented, results={"skill 0.8": replace(result, folds=folds)}, published=[figure]
    )
    (row,) = experiment_view(cited)["published"]
    n = result.classes.index("neutral")
    assert row["matrix"]["ours"][0][0] == result.confusion[n, n] / result.confusion[n].sum()
    assert row["matrix"]["ours"][0][-1] is None  # we do not know pride
    assert dict(row["weights"])["face"] == {"fear": (0.75, 0.8), "anger": (0.5, None)}
    assert "their table: confusions, theirs and ours" in words(
        write_report(cited, tmp_path).read_text()
    )


def test_an_experiment_without_results_still_has_a_page(tmp_path, invented):
    html = write_report(
        replace(invented, results={}, charts=[], published=[]), tmp_path
    ).read_text()
    assert "holds no results" in html


def test_index_lists_every_experiment_and_names_unreadable_ones(invented, tmp_path):
    write_report(invented, tmp_path / "good")
    text = (tmp_path / "good" / "result.json").read_text()
    fields = json.loads(text)
    fields["results"]["skill 0.4"]["metrics"] = {"uar": 7}
    broken = {
        "cut": "{", "bytes": "\udcff\0", "list": "[]", "deep": "[" * 100_000, "none": "null",
        "newer": '{"kind": "experiment", "schema": 9}', "figures": json.dumps(fields),
    }  # fmt: skip
    for name, content in broken.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "result.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    (tmp_path / "folder" / "result.json").mkdir(parents=True)
    html = write_index(tmp_path).read_text()
    assert 'href="good/report.html"' in html and "An invented experiment" in html
    assert html.count(">broken</span>") == len(broken) + 1
    assert all(f">{name}</th>" in html for name in broken)


def test_index_of_an_empty_folder_says_what_to_do(tmp_path):
    assert "emopipe run" in write_index(tmp_path).read_text()


@given(st.floats(0, 1))
def test_letters_of_a_heat_map_can_be_read(share):
    red, green, blue, letters = re.fullmatch(
        r"background:rgb\((\d+) (\d+) (\d+)\);color:(#\w+)", shade(share)
    ).groups()
    ground, ink = luminance([int(c) for c in (red, green, blue)]), float(letters == "#fff")
    assert (max(ground, ink) + 0.05) / (min(ground, ink) + 0.05) >= 4.5


@given(st.integers(-(10**6), 10**6), st.integers(0, 10**6))
def test_ticks_are_few_and_hold_what_is_drawn(low, span):
    low, high = low / 1000, (low + span) / 1000
    marks = ticks(low, high)
    assert 2 <= len(marks) <= 8
    assert marks[0] <= low + 1e-6 * abs(low) and marks[-1] >= high - 1e-6 * abs(high)


def test_learning_curves_of_many_folds_are_a_mean_and_a_band():
    """One fit goes wild, one stops after its first epoch, and one goes on alone."""
    history = [{"estimator": "x", "loss": [3.0, 1.0 + n], "val_loss": [2.0, n]} for n in range(91)]
    history[90]["val_loss"] = [2.0, 1000.0]
    history[1]["loss"] = [3.0]
    history[2]["loss"] = [3.0, 3.0, 50.0]
    (chart,) = learning_curves(history)
    assert list(chart.series) == ["training, 91 fits", "validation, 91 fits"]
    curve = chart.series["validation, 91 fits"]
    assert curve["low"] == [2.0, 9.0] and curve["high"] == [2.0, 81.0]
    assert curve["y"] == [2.0, pytest.approx((89 * 45 + 1000) / 91)]
    assert len(chart.series["training, 91 fits"]["y"]) == 2
    assert chart.x_label == "epoch, until half of the fits have stopped"
    drawn = line_chart(chart)
    assert len(drawn["lines"]) == 2
    many = replace(chart, series={f"line {n}": curve for n in range(18)})
    looks = {(line["colour"], line["dash"]) for line in line_chart(many)["lines"]}
    assert len(looks) == 18
    assert "validation, 91 fits goes from 2 to 55" in drawn["description"]
    assert [x for x, _ in drawn["rows"]] == ["1", "2"]


# Colours and sizes of all text that is seen, with the background behind it.
TEXTS = """
const rgb = c => (c.match(/[0-9.]+/g) || []).map(Number), found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
  if (!text || !element.checkVisibility() || element.closest("style, .skip")) continue;
  let behind = element, ground = [255, 255, 255];
  for (; behind; behind = behind.parentElement) {
    const colour = rgb(getComputedStyle(behind).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) { ground = colour.slice(0, 3); break; }
  }
  const style = getComputedStyle(element);
  found.push([text.slice(0, 40), rgb(style.color).slice(0, 3), ground, parseFloat(style.fontSize)]);
}
return found;
"""


def contrast(colour, other):
    high, low = sorted((luminance(colour), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def show(browser, page, *, width=1280, scheme="light", media="screen"):
    browser.set_window_size(width + 200, 900)
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
    browser.get(page.as_uri())


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_can_be_read(browser, full_page, width, scheme):
    show(browser, full_page, width=width, scheme=scheme)
    assert browser.get_log("browser") == []
    overflow = browser.execute_script(
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0
    texts = browser.execute_script(TEXTS)
    assert len(texts) > 300
    assert [text for text in texts if text[3] < 11] == []
    assert [text for text in texts if contrast(text[1], text[2]) < 4.5] == []


@pytest.mark.browser
def test_every_chart_has_words_and_a_table(browser, page, invented):
    show(browser, page)
    drawn = browser.execute_script(
        "return [...document.querySelectorAll('svg')].map(svg => [svg.getAttribute('role'), "
        "svg.getAttribute('aria-label'), svg.getBoundingClientRect().width, "
        "!!svg.closest('figure').nextElementSibling?.querySelector('table')])"
    )
    # A chart; of each result protocol, subjects, reliability, coverage and losses.
    assert len(drawn) == 1 + 5 * len(invented.results)
    for role, label, width, table in drawn:
        assert role == "img" and len(label) > 40 and width > 200 and table
    assert len(browser.find_elements("css selector", "td.cell")) == (
        len(invented.results) * len(EMOTIONS) ** 2
    )
    levels = browser.execute_script(
        "return [...document.querySelectorAll('h1, h2, h3, h4')].map(h => Number(h.tagName[1]))"
    )
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


@pytest.mark.browser
def test_the_printed_report_shows_what_is_folded_in_tables_as_wide_as_the_paper(browser, full_page):
    folded = full_page.with_name("folded.html")
    folded.write_text(
        re.sub(r'(<details class="(?:part|plain)") open', r"\1", full_page.read_text())
    )
    show(browser, folded, width=688, media="print")  # A4 between its margins
    tables = browser.execute_script(
        "return [...document.querySelectorAll('table')].map(table => ["
        "table.getBoundingClientRect().height, getComputedStyle(table).display])"
    )
    assert len(tables) > 20 and all(height > 10 for height, _ in tables)
    assert {display for _, display in tables} == {"table"}
    overflow = browser.execute_script(
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0


@pytest.mark.browser
def test_a_table_in_the_page_is_downloaded_offline(browser, page, invented, tmp_path):
    show(browser, page)
    options = {"behavior": "allow", "downloadPath": str(tmp_path), "eventsEnabled": True}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", options)
    link = browser.find_element("css selector", "a[download^='folds-']")
    browser.execute_script("arguments[0].click()", link)
    path = tmp_path / link.get_attribute("download")
    deadline = time.monotonic() + 20
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert path.read_text().startswith("clip,subject,fold\n")
    assert browser.get_log("browser") == []


@pytest.mark.browser
def test_a_script_that_got_into_a_report_does_not_run(browser, page, tmp_path):
    html = page.read_text()
    script = '<script>document.title = "owned"</script><img src="x" onerror="document.title = 1">'
    hostile = tmp_path / "report.html"
    hostile.write_text(html.replace("</main>", f"{script}</main>"))
    show(browser, hostile)
    assert browser.title == "An invented experiment · emopipe"
    refusals = [entry["message"] for entry in browser.get_log("browser")]
    assert any("Content Security Policy" in message for message in refusals)


@pytest.mark.browser
def test_links_of_the_summary_lead_to_the_results(browser, page, invented):
    browser.get(page.as_uri())
    links = browser.find_elements("css selector", "#answer tbody a")
    assert [link.text for link in links] == list(invented.results)
    links[1].click()
    assert browser.current_url.endswith("#result-2")


def test_a_dollar_in_a_label_is_no_formula(tmp_path):
    compared = experiment()
    compared.results[r"$\cost$ of $5"] = compared.results.popitem()[1]
    assert r"$\cost$ of $5" in write_report(compared, tmp_path).read_text()


def test_baselines_of_one_name_say_whose_they_are():
    from types import SimpleNamespace

    from emopipe.report.view import _baselines

    def result(uar):
        row = {"id": "permuted", "title": "permuted labels", "n": 4, "note": "", "accuracy": {},
               "uar": {"value": uar}}  # fmt: skip
        chance = {"accuracy": 0.5, "uar": 0.5}
        return SimpleNamespace(chance=chance, predictions=range(4), baselines=[row])

    titles = [row["title"] for row in _baselines({"voice": result(0.4), "face": result(0.5)})]
    assert titles[1:] == ["permuted labels (voice)", "permuted labels (face)"]
    titles = [row["title"] for row in _baselines({"voice": result(0.4), "face": result(0.4)})]
    assert titles[1:] == ["permuted labels"]
