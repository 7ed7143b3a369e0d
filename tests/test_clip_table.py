import warnings

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emopipe.corpora import (
    EMOTIONS,
    CorpusError,
    CorpusWarning,
    canonical,
    combine,
    describe_counts,
    sample_per_emotion,
    usable,
)
from emopipe.corpora.clip_table import COLUMNS, complete


def clips(corpus="a", subjects=("1", "2"), **columns):
    """Return a clip table with one clip per subject."""
    names = [f"{n}.wav" for n in range(len(subjects))]
    table = pd.DataFrame({"clip": names, "subject": list(subjects), "emotion": "fear"})
    table = table.assign(corpus=corpus, media="audio", path="/" + corpus + "/" + table["clip"])
    return complete(table.assign(**columns))


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_canonical_names_stand_for_themselves(emotion):
    assert canonical(emotion) == canonical(emotion.upper()) == emotion


def test_unknown_labels_are_no_emotion():
    assert [canonical(label) for label in ("excited", "", None, 3, float("nan"))] == [None] * 5


def test_complete_tables_have_all_columns_and_keep_others():
    table = clips(age=[3, 4])
    assert tuple(table.columns) == (*COLUMNS, "age")
    pd.testing.assert_frame_equal(complete(table), table)


def test_usable_drops_excluded_and_unlabelled():
    table = clips(
        subjects="1234", excluded=["", "bad", "", "bad"], emotion=["fear", "fear", None, None]
    )
    assert usable(table)["subject"].tolist() == ["1"]
    assert isinstance(usable(table).index, pd.RangeIndex)


subject_lists = st.lists(st.sampled_from("1234"), min_size=1, max_size=4, unique=True)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from("abc"), subject_lists), min_size=1, max_size=4))
def test_combining_never_mixes_people_nor_splits_one(parts):
    tables = [
        clips(corpus, subjects, clip=[f"{part}/{s}" for s in subjects],
              path=[f"/{corpus}/{part}/{s}" for s in subjects])
        for part, (corpus, subjects) in enumerate(parts)
    ]  # fmt: skip
    table = combine(*tables)
    before = pd.concat(tables)
    person = dict(zip(before["path"], before["corpus"] + before["subject"], strict=True))
    people = table["path"].map(person)
    assert table["subject"].groupby(people).nunique().eq(1).all()
    assert people.groupby(table["subject"]).nunique().eq(1).all()
    assert table["clip"].is_unique
    assert len(table) == len(before)

    again = combine(*[combine(tables[0]), *tables[1:]])
    pd.testing.assert_frame_equal(again, table)
    # rows that were made distinct before meet others of their corpus
    half, whole = table[table["corpus"] == table["corpus"][0]], tables[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CorpusWarning)
        once_more = combine(half, whole, *tables[1:])
    people = once_more["path"].map(person)
    assert people.groupby(once_more["subject"]).nunique().eq(1).all()
    assert once_more["subject"].groupby(people).nunique().eq(1).all()


def test_names_that_do_not_collide_stay():
    a, b = clips("a", "12"), clips("b", "34", clip=["x.wav", "y.wav"])
    table = combine(a, b)
    assert table["subject"].tolist() == list("1234")
    assert table["clip"].tolist() == ["0.wav", "1.wav", "x.wav", "y.wav"]


def test_names_that_collide_get_the_corpus_in_front():
    table = combine(clips("a", "12"), clips("b", "23"), clips("c", "9", clip=["z.wav"]))
    assert table["subject"].tolist() == ["a/1", "a/2", "b/2", "b/3", "9"]
    assert table["clip"].tolist() == ["a/0.wav", "a/1.wav", "b/0.wav", "b/1.wav", "z.wav"]


def test_missing_subjects_stay_missing():
    table = combine(clips("a", [None, None]), clips("b", [None, "1"]), clips("c", ["1", None]))
    assert table["subject"].isna().tolist() == [True, True, True, False, False, True]


def test_the_same_recording_twice_is_kept_once():
    with pytest.warns(CorpusWarning, match="2 recordings occur in more than one"):
        assert len(combine(clips("a"), clips("a"))) == 2


def test_two_files_of_one_name_in_one_corpus_are_an_error():
    with pytest.raises(CorpusError, match=r"assign\(corpus="):
        combine(clips("a"), clips("a", path=["/elsewhere/0.wav", "/elsewhere/1.wav"]))


def test_columns_of_one_table_only_are_missing_in_the_others():
    table = combine(clips("a", age=30), clips("b", take="t"))
    assert table["age"].isna().tolist() == [False, False, True, True]
    assert table["train_only"].dtype == bool


def test_what_is_no_clip_table_is_refused():
    with pytest.raises(CorpusError, match="no column path, corpus, media"):
        combine(pd.DataFrame({"clip": ["a"], "emotion": ["fear"]}))
    with pytest.raises(CorpusError, match="at least one"):
        combine()


@settings(max_examples=40)
@given(st.lists(st.sampled_from(EMOTIONS[:3]), min_size=1, max_size=30), st.integers(0, 5))
def test_sampling_takes_so_many_of_every_emotion(emotions, seed):
    table = clips(subjects=[str(n) for n in range(len(emotions))], emotion=emotions)
    smallest = table["emotion"].value_counts().min()
    sample = sample_per_emotion(table, smallest, random_state=seed)
    assert sample["emotion"].value_counts().eq(smallest).all()
    assert sample["clip"].is_unique
    order = table["clip"].tolist().index
    assert sample["clip"].map(order).is_monotonic_increasing
    pd.testing.assert_frame_equal(sample, sample_per_emotion(table, smallest, random_state=seed))


def test_sampling_says_where_clips_are_scarce():
    table = clips(subjects="123", emotion=["fear", "fear", "anger"])
    with pytest.warns(CorpusWarning, match="anger 1 of 2, disgust 0 of 1"):
        sample = sample_per_emotion(table, {"fear": 1, "anger": 2, "disgust": 1})
    assert sorted(sample["emotion"]) == ["anger", "fear"]


def drawn_table(counts):
    """A clip table with so many clips of each emotion, none of them a file."""
    emotions = [emotion for emotion, n in counts.items() for _ in range(n)]
    return pd.DataFrame({"clip": range(len(emotions)), "emotion": emotions, "excluded": ""})


def test_counts_stand_beside_those_of_a_publication():
    afew = {"anger": 64, "disgust": 40, "fear": 46, "happiness": 63, "neutral": 63, "sadness": 61,
            "surprise": 46}  # fmt: skip
    theirs = dict(zip(afew, (55, 35, 38, 56, 57, 47, 40), strict=True))
    table = drawn_table(afew)
    notice = describe_counts("AFEW, validation set", table, theirs, source="the thesis")
    assert notice["text"].startswith(
        "AFEW, validation set: 383 clips, 328 in the thesis: anger 64 (55), disgust 40 (35), fear"
    )
    assert notice["severity"] == "warning"
    assert describe_counts("Test", table, afew)["severity"] == "information"
    assert describe_counts("Test", table, 383)["severity"] == "information"
    assert describe_counts("Test", table, 700)["severity"] == "warning"
    assert describe_counts("Test", table[:0])["text"] == "Test: 0 clips: none."
    excluded = table.assign(excluded=["no face"] * 64 + [""] * 319)
    assert "319 clips: disgust 40," in describe_counts("Test", excluded)["text"]
