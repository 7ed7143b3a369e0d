import csv
import io
import os

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emopipe.cli import run_guarded
from emopipe.experiment import Experiment
from emopipe.report import write_report
from emopipe.strict_json import dumps, plain
from emopipe.text import csv_cell, csv_text, plain_cell, printable

ODD = "a\x1b]0;pwned\x07\x9b31m\u202eb\r\n.wav"
# names as an operating system gives them: any bytes but 0 and /
names = st.binary(min_size=1, max_size=20).map(os.fsdecode) | st.text(max_size=20)


@given(names, st.booleans())
def test_a_printable_name_acts_on_no_terminal(name, multiline):
    text = printable(name, multiline=multiline)
    text.encode("utf-8")
    assert not set(text) - set("\n\t" * multiline) & set(map(chr, [*range(32), *range(127, 160)]))
    assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")
    assert printable(text, multiline=multiline) == text


def test_ordinary_names_stay():
    for name in ("José 03 – Ü/ä.wav", "映画\u3000一.mp4", "می\u200cخواهم.wav", "C:\\clips\\a.wav"):
        assert printable(name) == name


def test_bytes_that_are_no_utf8_are_shown_by_their_value():
    assert printable(os.fsdecode(b"caf\xe9")) == printable(b"caf\xe9") == "caf\\xe9"


@given(names)
def test_cells_are_no_formulas_and_read_back(name):
    cell = csv_cell(name)
    text = printable(name)
    assert plain_cell(cell) == text
    if cell.lstrip().startswith(("=", "+", "-", "@")):
        float(cell)  # a number is no formula


@given(st.lists(names, min_size=1, max_size=5), st.floats(allow_nan=False))
def test_a_table_is_one_line_per_row_and_keeps_its_numbers(cells, number):
    text = csv_text(pd.DataFrame({"=clip": cells, "score": number}))
    assert len(text.splitlines()) == len(text.split("\n")) - 1 == len(cells) + 1
    head, *rows = csv.reader(io.StringIO(text, newline=""))
    assert head == ["'=clip", "score"]
    assert [plain_cell(row[0]) for row in rows] == [printable(cell) for cell in cells]
    assert [float(row[1]) for row in rows] == [number] * len(cells)


def test_json_holds_names_of_any_bytes():
    fields = {"clip": os.fsdecode(b"\xff\x1b.wav"), "repr": "two\nlines"}
    text = dumps(plain(fields, "x"))
    text.encode()
    assert "\x1b" not in text
    assert '"two\\nlines"' in text


@pytest.mark.parametrize("kind", [ValueError, KeyError])
def test_messages_of_the_command_line_hold_no_control_characters(kind, capsys):
    def work():
        raise kind(f"no clip {ODD}\nsecond line")

    assert run_guarded(work) == 1
    output = capsys.readouterr().err
    assert "second line" in output
    assert not set(output) & set("\x1b\x07\x9b\u202e\r")


def test_a_report_shows_names_of_any_bytes(tmp_path):
    odd = ODD + os.fsdecode(b"\xff<script>")
    page = write_report(Experiment(name="x", title=odd, question=odd, results={}), tmp_path)
    text = page.read_text(encoding="utf-8")
    assert not set(text) & set("\x1b\x07\x9b\u202e\r")
    assert "\\xff&lt;script&gt;" in text
