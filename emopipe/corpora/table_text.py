"""Read tables as people save them: any usual encoding, separator, spreadsheet, decimal comma."""

import csv
import io
import re
import warnings
from pathlib import Path

import pandas as pd

from emopipe.corpora.folder import CorpusError, CorpusWarning, file_fault
from emopipe.text import plain_cell, printable

SPREADSHEETS = (".xlsx", ".xlsm")
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_MISSING = ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None"]
_OF_FILES = ("path", "audio", "start", "end", "stop")
_DECIMAL = re.compile(r"\s*-?\d+(?:,\d+)?\s*")
_THOUSANDS = re.compile(r"\s*-?\d{1,3}(?:,\d{3})*\s*")
_PART = re.compile(r"""(?m)(?<![^,\n])([^",\n]*#t=\d+(?:\.\d+)?,\d+(?:\.\d+)?)(?=[,\r\n]|$)""")
_SAVE_AGAIN = "save it as a CSV file in UTF-8"


def read_table(path: Path, text_columns) -> pd.DataFrame:
    """Return a table's rows; columns of text as str, stripped, None where a cell is empty.

    Parameters
    ----------
    path : Path
        CSV or TSV in UTF-8, UTF-16 or Windows-1252, separated by comma, semicolon or tab; or an
        Excel workbook, of which the first sheet counts.
    text_columns : sequence of str
        Lower-case names of columns that hold text, whatever they look like; headings that differ
        from them by capitals or blanks get these names. In all other columns figures become
        numbers, and words such as NA are missing values.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    CorpusError
        It cannot be read as a table, or two headings differ by capitals only.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no table {path}: check the path")
    fault = file_fault(path)
    if fault:
        raise CorpusError(f"{path}: {fault.replace('the recording', 'the table')}")
    text = _sheet(path) if path.suffix.lower() in SPREADSHEETS else _decode(path)
    first, _, rest = text.partition("\n")
    separator = re.fullmatch(r"sep=(.)\s*", first)  # Excel's own first line
    text = rest if separator else text
    separator = separator[1] if separator else max("\t;,", key=text.partition("\n")[0].count)
    if separator == "," and "#t=" in text:
        text = _PART.sub(r'"\1"', text)  # the comma of a part is none between cells
    names = _headings(path, text, separator, text_columns)
    table = _parse(path, text, separator, names, set(text_columns))
    for column in table:
        if column in text_columns:
            table[column] = [_cell(value) for value in table[column]]
        elif not pd.api.types.is_numeric_dtype(table[column]):
            table[column] = _with_points(table[column], separator)
    return table


def _decode(path: Path) -> str:
    data = path.read_bytes()
    encodings = [encoding for mark, encoding in _MARKS.items() if data.startswith(mark)]
    if not encodings:
        nulls = data[:1000:2].count(0), data[1:1000:2].count(0)
        likely = "utf-16-be" if nulls[0] > nulls[1] else "utf-16-le"
        encodings = [likely] if max(nulls) > len(data[:1000]) / 8 else ["utf-8", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            raise CorpusError(f"{path} is no text, it holds zero bytes: {_SAVE_AGAIN}")
        text = text.replace("\r\n", "\n").replace("\r", "\n")  # of an old Macintosh, too
        if encoding == "cp1252":
            words = f"is not in UTF-8 and was read as Windows-1252: {_SAVE_AGAIN} if names are odd"
            message = CorpusWarning(f"{path} {words}", f"{path.name} {words}")
            warnings.warn(message, stacklevel=2)
        return text
    raise CorpusError(
        f"{path} is no text in {' or '.join(encodings)}: {_SAVE_AGAIN}, or name the table itself"
    )


def _sheet(path: Path) -> str:
    """Return the first sheet of a workbook as the text of a CSV file."""
    try:
        sheet = pd.read_excel(path, dtype=str, header=None, engine="openpyxl")
    except ImportError:
        raise CorpusError(
            f"{path}: Excel workbooks need the package openpyxl: pip install 'emopipe[excel]', or "
            f"{_SAVE_AGAIN}"
        ) from None
    except Exception as error:  # whatever a damaged workbook makes the reader raise
        raise CorpusError(
            f"{path} is no readable Excel workbook ({error}): {_SAVE_AGAIN}"
        ) from error
    return sheet.to_csv(index=False, header=False)


def _headings(path: Path, text: str, separator: str, text_columns) -> list[str]:
    try:
        row = next(csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True), [])
    except csv.Error as error:
        raise CorpusError(f"{path} is no readable CSV table: {error}") from error
    names, before = [], {}
    for number, heading in enumerate(row):
        name = heading.strip() or f"Unnamed: {number}"
        other = before.setdefault(name.casefold(), name)
        if len(before) <= len(names):
            differ = "are equal" if other == name else "differ by capitals only"
            raise CorpusError(
                f"{path}: the headings {printable(other)!r} and {printable(name)!r} {differ}: "
                "rename or remove one of them"
            )
        names.append(name.lower() if name.lower() in text_columns else name)
    return names


def _parse(path: Path, text: str, separator: str, names: list[str], text_columns) -> pd.DataFrame:
    # "NA" is a subject of JAFFE: words for "missing" count in columns of figures and files only.
    words = {
        name: [""] if name in text_columns and name not in _OF_FILES else _MISSING for name in names
    }
    try:
        table = pd.read_csv(
            io.StringIO(text), sep=separator, names=names, header=0, skipinitialspace=True,
            dtype=dict.fromkeys(text_columns.intersection(names), str),
            keep_default_na=False, na_values=words,
        )  # fmt: skip
    except (ValueError, OverflowError, csv.Error) as error:
        raise CorpusError(f"{path} is no readable CSV table: {error}") from error
    if not isinstance(table.index, pd.RangeIndex):
        raise CorpusError(
            f"{path}: rows have more cells than the heading has names ({', '.join(names)}):"
            " take away a comma at the end of the rows, or name every column"
        )
    return table


def _cell(value) -> str | None:
    # "anna" and "anna " are one person, whatever a spreadsheet shows.
    return None if pd.isna(value) else plain_cell(str(value).strip()) or None


def _with_points(column: pd.Series, separator: str) -> pd.Series:
    """Return a column of numbers with decimal commas as numbers, any other as it is.

    Where commas separate cells, too, 1,000 may as well be a thousand.
    """
    cells = column.dropna()
    if not all(isinstance(cell, str) and _DECIMAL.fullmatch(cell) for cell in cells):
        return column
    if separator == "," and all(_THOUSANDS.fullmatch(cell) for cell in cells):
        return column
    return pd.to_numeric(column.str.replace(",", "."))
