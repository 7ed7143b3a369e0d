"""The report: complete, self-contained, safe with hostile text, and readable in a browser."""

import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from experiments_for_reports import EMOTIONS, experiment

from emopipe.report import write_index, write_report
from emopipe.report.view import _most_confused


@pytest.fixture(scope="module")
def invented():
    return experiment(notices=["Nobody was recorded for this."])


@pytest.fixture(scope="module")
def page(invented, tmp_path_factory):
    return write_report(invented, tmp_path_factory.mktemp("reports") / invented.name)


class _Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [v for k, v in attrs if k in ("src", "href", "xlink:href") and v]


def test_report_is_one_small_file_without_outside_addresses(page):
    html = page.read_text()
    links = _Links()
    links.feed(html)
    assert links.found and all(link.startswith("#") for link in links.found)
    assert "@import" not in html and "url(http" not in html and "<script" not in html
    assert page.stat().st_size < 2e6


def test_report_shows_what_the_experiment_holds(page, invented):
    text = re.sub(r"<[^>]+>", " ", page.read_text())
    for result in invented.results.values():
        assert f"{100 * result.metrics['uar']['value']:.1f}" in text
        assert result.fingerprint[:16] in text
        for check in result.checks:
            assert check["title"] in text
    told = ("An invented experiment", "Can the report be read?", "Nobody was recorded", "A curve")
    for words in (*told, "nobody, 1900", "emopipe run nothing", "synthetic", *EMOTIONS):
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
    found = _most_confused(["neutral", "joy", "fear"], counts)
    assert found[0] == (0.5, "joy", "fear") and found[1] == (0.2, "neutral", "joy")


def test_a_failed_audit_and_mixed_subjects_are_said_loudly(invented, tmp_path):
    label, result = next(iter(invented.results.items()))
    bad = replace(
        result,
        checks=[
            {
                "id": "subjects",
                "title": "no subject on two sides",
                "status": "failed",
                "reason": "s01 is",
            }
        ],
        protocol=result.protocol | {"subject_dependent": True},
    )
    html = write_report(replace(invented, results={label: bad}), tmp_path).read_text()
    assert "FAILED" in html and "Subject-dependent:" in html and "1 failed" in html
    assert "Best by UAR" not in html


def test_an_experiment_without_results_still_has_a_page(tmp_path, invented):
    html = write_report(replace(invented, results={}, charts=[]), tmp_path).read_text()
    assert "holds no results" in html


def test_index_lists_every_experiment_and_names_unreadable_ones(invented, tmp_path):
    write_report(invented, tmp_path / "good")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "result.json").write_text("{")
    html = write_index(tmp_path).read_text()
    assert 'href="good/report.html"' in html and "An invented experiment" in html
    assert "cannot be read" in html and "broken" in html


def test_index_of_an_empty_folder_says_what_to_do(tmp_path):
    assert "emopipe run" in write_index(tmp_path).read_text()


@pytest.fixture(scope="module")
def browser():
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("Debian's chromium and chromium-driver are not installed")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in ("headless", "no-sandbox", "disable-gpu", "disable-background-networking",
                 "disable-component-update", "disable-sync", "no-first-run"):  # fmt: skip
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    yield driver
    driver.quit()


@pytest.mark.browser
def test_report_in_a_browser(browser, page, invented):
    browser.set_window_size(1200, 900)
    browser.get(page.as_uri())
    assert browser.find_element("tag name", "h1").text == "An invented experiment"
    drawn = browser.find_elements("css selector", "figure svg")
    assert len(drawn) >= 2 + 3 * len(invented.results)
    assert all(svg.size["width"] > 200 and svg.size["height"] > 60 for svg in drawn)
    heat = browser.find_elements("css selector", "table.heat td.cell")
    assert len(heat) == len(invented.results) * len(EMOTIONS) ** 2
    assert browser.get_log("browser") == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [500, 1200])
def test_nothing_is_wider_than_the_window(browser, page, width):
    browser.set_window_size(width, 900)
    browser.get(page.as_uri())
    overflow = browser.execute_script(
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0


@pytest.mark.browser
def test_the_summary_is_seen_whole(browser, page):
    browser.set_window_size(1200, 900)
    browser.get(page.as_uri())
    hidden = browser.execute_script(
        "const box = document.querySelector('#answer .wide');"
        "return box.scrollWidth - box.clientWidth"
    )
    assert hidden <= 0


@pytest.mark.browser
def test_links_of_the_summary_lead_to_the_results(browser, page, invented):
    browser.get(page.as_uri())
    links = browser.find_elements("css selector", "#answer tbody a")
    assert [link.text for link in links] == list(invented.results)
    links[1].click()
    assert browser.current_url.endswith("#result-2")


def test_a_dollar_in_a_label_is_no_formula(tmp_path):
    one = experiment()
    one.results[r"$\cost$ of $5"] = one.results.popitem()[1]
    assert r"$\cost$ of $5" in write_report(one, tmp_path).read_text()
