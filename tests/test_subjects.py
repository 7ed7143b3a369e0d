import unicodedata

import numpy as np
import pandas as pd
import pytest
from corpora_on_disk import lay
from hypothesis import given
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier

from emopipe.corpora import CorpusError, combine, load_table
from emopipe.evaluation import evaluate
from emopipe.splits import inner_folds
from emopipe.subjects import check_subject_names, subject_key, subject_names

NFC, NFD = unicodedata.normalize("NFC", "José"), unicodedata.normalize("NFD", "José")
ONE_PERSON = [
    ("1", "01"), ("1", "1.0"), ("007", "7"), (NFC, NFD), ("anna", "Anna "), ("a b", "a  b"),
    ("1,0", "1"), ("anna", "an\u200bna"), ("\ufeffanna", "anna"),
]  # fmt: skip
TWO_PEOPLE = [
    ("1", "10"),
    ("a", "á"),
    ("1.5", "15"),
    ("s1", "s10"),
    ("", "0"),
    ("1", "1a"),
    ("1,5", "15"),
]


@pytest.mark.parametrize("pair", ONE_PERSON)
def test_one_person_has_one_name(pair):
    assert subject_key(pair[0]) == subject_key(pair[1])
    with pytest.raises(ValueError, match=r"the subjects .* and .* differ only by.*'subject'"):
        check_subject_names(pair)


@pytest.mark.parametrize("pair", TWO_PEOPLE)
def test_two_people_stay_two(pair):
    check_subject_names(pair)


def test_names_that_look_alike_are_told_apart_in_the_message():
    with pytest.raises(ValueError, match=r"'Jose\\u0301' and 'Jos\\xe9'"):
        check_subject_names([NFC, NFD])


def test_letters_that_nobody_sees_are_shown_in_the_message():
    with pytest.raises(ValueError, match=r"'anna' and 'anna\\u200b'.*invisible"):
        check_subject_names(["anna", "anna\u200b"])


@given(st.integers(0, 10**6), st.integers(0, 3), st.booleans())
def test_a_number_is_one_person_however_written(number, zeros, point):
    assert subject_key(str(number)) == subject_key("0" * zeros + str(number) + ".0" * point)
    assert subject_key(str(number)) != subject_key(str(number + 1))


def test_missing_names_of_every_kind_and_whole_numbers():
    values = pd.Series([1.0, None, pd.NA, float("nan"), "01", np.int64(3)], dtype=object)
    assert subject_names(values).tolist() == ["1", None, None, None, "01", "3"]


def people(first, second, n=4):
    names = [first, second, "x", "y"]
    return pd.DataFrame(
        {
            "clip": [f"{i}.wav" for i in range(4 * n)],
            "path": [f"/lab/{i}.wav" for i in range(4 * n)],
            "subject": names * n,
            "emotion": ["fear"] * 2 * n + ["anger"] * 2 * n,
            "corpus": "lab",
            "media": "audio",
            "value": np.arange(4.0 * n),
        }
    )


@pytest.mark.parametrize("pair", ONE_PERSON)
def test_refused_alike_everywhere(pair, tmp_path):
    message = "differ only by blanks, capitals"
    table = people(*pair)
    table["path"] = [str(tmp_path / name) for name in table["clip"]]
    lay(tmp_path, *table["clip"])
    table.to_csv(tmp_path / "t.csv", index=False)
    if len({name.strip() for name in pair}) == 2:
        with pytest.raises(CorpusError, match=rf"t\.csv.*{message}"):
            load_table(tmp_path / "t.csv")
    with pytest.raises(CorpusError, match=message):
        combine(table)
    with pytest.raises(CorpusError, match=message):
        combine(table[table["subject"] == pair[0]], table[table["subject"] != pair[0]])
    with pytest.raises(ValueError, match=message):
        evaluate(DummyClassifier(), table, cv=2, features=["value"])
    with pytest.raises(ValueError, match=message):
        inner_folds(2, table["emotion"].to_numpy(), table["subject"].to_numpy())


def test_people_of_two_corpora_stay_two_however_alike_their_names():
    a = people("01", "2").assign(corpus="a", path=[f"/a/{i}" for i in range(16)])
    b = people("1", "3").assign(corpus="b", path=[f"/b/{i}" for i in range(16)])
    table = combine(a, b)
    assert {"a/01", "b/1", "a/x", "b/x"} <= set(table["subject"])
    evaluate(DummyClassifier(), table, cv=2, features=["value"], n_bootstrap=10)


def test_numbers_and_their_text_are_one_person_in_combined_tables():
    whole = people("1", "2").assign(subject=[1, 2, 3, 4] * 4)
    more = people("1", "2").assign(
        subject=["1", "2", "3", None] * 4,
        clip=[f"b{i}" for i in range(16)],
        path=[f"/lab/b{i}" for i in range(16)],
    )
    assert combine(whole, more)["subject"].nunique() == 4
