"""Figures of others: who published them, where they belong, and what is refused."""

import dataclasses

import pytest

from emopipe.literature import SOURCES, Published, Source

TABLE = {"classes": ["anger", "fear"], "shares": [[0.9, 0.1], [0.25, 0.75]]}


def test_a_figure_survives_as_plain_data():
    figure = Published(label="x", value=0.5, source="A", spread=0.1, confusion=TABLE)
    assert Published.from_dict(dataclasses.asdict(figure)) == figure
    ours = Published(label="x", value=0.5, source=None, note="measured with another program")
    assert Published.from_dict(dataclasses.asdict(ours)) == ours


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"value": 27.74}, "fraction in"),
        ({"value": float("nan")}, "fraction in"),
        ({"spread": -0.1}, "published spread"),
        ({"metric": "f1"}, "'accuracy', 'uar', 'macro_f1'"),
        ({"mean_over": "actors"}, "'clips', 'subjects', 'folds'"),
        ({"source": "D"}, "source=.D. is unknown; allowed: .thesis"),
        ({"source": None}, "no source"),
        ({"confusion": TABLE | {"shares": [[0.9, 0.1]]}}, "a row per emotion"),
        ({"confusion": TABLE | {"shares": [[0.9, 0.25], [0.1, 0.75]]}}, "rows of confusion"),
    ],
)
def test_a_figure_that_says_too_little_is_refused(fields, words):
    with pytest.raises(ValueError, match=words):
        Published(**{"label": "x", "value": 0.5, "source": "A"} | fields)


def test_a_source_needs_authors_title_and_place():
    with pytest.raises(ValueError, match="a source needs place"):
        Source("Ada Byron", "Notes", 1843, " ")


@pytest.mark.parametrize("year", ["1843", 18430, True, 1843.0])
def test_the_year_of_a_source_is_a_number(year):
    with pytest.raises(ValueError, match="year of a source"):
        Source("Ada Byron", "Notes", year, "Memoirs")


def test_a_source_without_a_year_says_so():
    source = Source("Ada Byron", "Notes", None, "Memoirs")
    assert source.short == "Byron (year unknown)"
    assert str(source) == "Ada Byron (year unknown). Notes. Memoirs."


@pytest.mark.parametrize("name", SOURCES)
def test_each_source_is_cited_shortly_and_whole(name):
    source = SOURCES[name]
    assert len(source.short) < 30 and source.title in str(source)
    assert source.year is None or str(source.year) in source.short
