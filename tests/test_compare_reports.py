"""Results of several folders as one report, and the index of all: sorted and filtered."""

from dataclasses import replace

import pytest
from experiments_for_reports import experiment

from emopipe import Experiment, compare
from emopipe.cli import main
from emopipe.report import write_index, write_report
from emopipe.report.comparison import compare_experiments, differing_clips


@pytest.fixture(scope="module")
def pair():
    return {
        "first": experiment(name="first", skills=(0.4,), title="First"),
        "second": experiment(name="second", skills=(0.8,), title="Second"),
    }


@pytest.fixture
def folders(pair, tmp_path):
    for name, experiment_ in pair.items():
        experiment_.save(tmp_path / name)
    return tmp_path


def cut(whole, *, n=5, emotion=None):
    """Return an experiment without its first clips, and with another emotion in one clip."""
    ((label, result),) = whole.results.items()
    table = result.predictions.iloc[n:].reset_index(drop=True)
    if emotion:
        table.loc[0, "emotion"] = emotion
    return replace(whole, results={label: replace(result, predictions=table)})


def test_a_comparison_is_paired_over_subjects(pair):
    both = compare_experiments(pair)
    assert list(both.results) == ["first", "second"] and both.references == ["first"]
    (row,) = both.comparisons
    expected = compare(*both.results.values())
    assert row["label"] == "second − first"
    assert all(row[key] == expected[key] for key in ("accuracy", "uar", "units", "n"))
    assert row["uar"]["low"] > 0 and row["units"] == 8


def test_results_of_one_folder_keep_their_labels(pair):
    many = compare_experiments({"a": experiment(), "b": pair["second"]})
    assert list(many.results) == ["a: skill 0.4", "a: skill 0.8", "b"]
    assert many.references == ["a: skill 0.4", "a: skill 0.8"] and len(many.comparisons) == 2


def test_other_clips_are_refused_and_named(pair):
    first = next(iter(pair["first"].results.values()))
    other = {"fear", "anger"} - {first.predictions["emotion"][5]}
    part = pair | {"second": cut(pair["second"], emotion=min(other))}
    with pytest.raises(ValueError, match="not on the same clips: 5 clips in first alone") as error:
        compare_experiments(part)
    assert str(first.predictions["clip"].min()) in str(error.value)
    assert "1 clip with another emotion in second than in first" in str(error.value)
    both = compare_experiments(part, common=True)
    assert [len(result.predictions) for result in both.results.values()] == [90, 90]
    assert "Compared on the 90 clips that all results have: 5 clips" in both.notices[0]["text"]
    again = cut(pair["first"], n=6)
    figures = next(iter(again.results.values()))
    shared = both.results["first"]
    assert shared.confusion.tolist() == figures.confusion.tolist()
    share = shared.confusion.trace() / shared.confusion.sum()
    assert shared.metrics["accuracy"]["value"] == pytest.approx(share)
    assert differing_clips(both.results) == []


def test_nothing_in_common_is_refused(pair):
    ((label, result),) = pair["second"].results.items()
    moved = result.predictions.assign(clip="x" + result.predictions["clip"])
    other = replace(pair["second"], results={label: replace(result, predictions=moved)})
    with pytest.raises(ValueError, match="no clip is in all results"):
        compare_experiments(pair | {"second": other}, common=True)


def test_emopipe_report_compare(folders, capsys):
    both = [str(folders / name) for name in ("first", "second")]
    assert main(["report", str(folders), "--compare", *both]) == 0
    page = folders / "comparison-first-second" / "report.html"
    assert str(page) in capsys.readouterr().out
    assert "second − first" in page.read_text()
    assert "comparison-first-second" in (folders / "index.html").read_text()
    assert main(["report", str(folders), "--compare", str(folders / "first")]) == 1
    assert "needs two folders or more" in capsys.readouterr().err
    assert main(["report", str(folders), "--common"]) == 1


def test_emopipe_report_compare_refuses_other_clips(folders, pair, capsys):
    cut(pair["second"]).save(folders / "second")
    command = ["report", str(folders), "--compare", str(folders / "first"), str(folders / "second")]
    assert main(command) == 1
    assert "5 clips in first alone, not in second" in capsys.readouterr().err
    assert main([*command, "--common"]) == 0


def test_emopipe_report_ignore_mutes_a_check_with_its_reason(folders, capsys):
    assert main(["report", str(folders / "first"), "--ignore", "EMO16=a pilot study"]) == 0
    (result,) = Experiment.load(folders / "first").results.values()
    (check,) = [check for check in result.checks if check["id"] == "EMO16"]
    assert check["status"] == "ignored" and check["reason"].startswith("a pilot study.")
    assert "a pilot study." in (folders / "first" / "report.html").read_text()
    assert main(["report", str(folders / "first"), "--ignore", "EMO99"]) == 1
    assert "--ignore EMO99: EMO99 is no check; there are EMO01" in capsys.readouterr().err


def test_a_report_shows_ids_reasons_and_what_helps(pair, tmp_path):
    first = pair["first"]
    ((label, result),) = first.results.items()
    checks = [c | {"status": "warning"} if c["id"] == "EMO17" else c for c in result.checks]
    page = write_report(replace(first, results={label: replace(result, checks=checks)}), tmp_path)
    html = page.read_text()
    assert "<code>EMO17</code>" in html and "Leave the emotion out, collect more" in html


NAMES = """
return [...document.querySelectorAll("tbody tr")].filter(row => !row.hidden)
  .map(row => row.cells[0].textContent.trim().split("Can")[0])
"""


@pytest.mark.browser
def test_the_index_sorts_and_filters(browser, folders):
    (folders / "zz").mkdir()
    (folders / "zz" / "result.json").write_text("{")
    browser.get(write_index(folders).as_uri())
    assert browser.execute_script(NAMES) == ["First", "Second", "zz"]
    buttons = browser.find_elements("css selector", "th button")
    button = next(b for b in buttons if b.text == "UAR %")
    button.click()
    assert browser.execute_script(NAMES) == ["Second", "First", "zz"]
    head = browser.execute_script("return arguments[0].parentElement.ariaSort", button)
    assert head == "descending"
    button.click()
    assert browser.execute_script(NAMES) == ["First", "Second", "zz"]
    browser.find_element("css selector", "input[name=words]").send_keys("second")
    assert browser.execute_script(NAMES) == ["Second"]
    assert browser.find_element("css selector", "output").text == "1 of 3"
    browser.find_element("css selector", "input[name=words]").clear()
    browser.find_element("css selector", "option[value=broken]").click()
    assert browser.execute_script(NAMES) == ["zz"]
    assert browser.get_log("browser") == []
    overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    browser.set_window_size(500, 900)
    assert browser.execute_script(overflow) <= 0


@pytest.mark.browser
def test_a_script_that_got_into_the_index_does_not_run(browser, folders):
    page = write_index(folders)
    html = page.read_text().replace("</main>", "<script>document.title = 'owned'</script></main>")
    page.write_text(html)
    browser.get(page.as_uri())
    assert browser.title == "Reports · emopipe"
    assert any("Content Security Policy" in e["message"] for e in browser.get_log("browser"))
