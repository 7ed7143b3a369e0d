"""Join features that other programs computed (OpenFace, py-feat, openSMILE, ...) by clip."""

import re
import warnings
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from emopipe.extraction import ClipWarning, clip_tags, index_of, paths_of
from emopipe.files import expand_user, file_stamp
from emopipe.inspection import ClipEstimator
from emopipe.text import shorten

# Columns of real numbers that number, time or vouch for a frame, in small letters.
_BOOKKEEPING = {
    *("frame", "face_id", "timestamp", "confidence", "success"),  # OpenFace
    *("approx_time", "facescore", "frameheight", "framewidth"),  # py-feat
    *("frametime", "start", "end"),  # openSMILE
}
_SEPARATORS = ",;\t"
_SUFFIX = re.compile(r"\.(?=\w*[a-z])\w{2,5}$", re.IGNORECASE)


class _Table(NamedTuple):
    names: tuple[str, ...]
    rows: dict[str, int]
    values: np.ndarray  # (len(rows), len(names))
    untrusted: frozenset[str]  # keys without a row, because every frame failed
    merged: tuple[tuple[str, ...], ...]  # recordings that share a key
    crowded: tuple[str, ...]  # keys with several faces in a frame


def _separator(path: Path) -> str:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        header = file.readline()
    return max(_SEPARATORS, key=header.count)


def _read(path: Path, key: str | None, separator: str | None) -> tuple[pd.DataFrame, pd.Series]:
    """Return one CSV's rows, and the name of the recording that each belongs to."""
    try:
        return _parse(path, key, separator)
    except (UnicodeError, OverflowError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(
            f"{path} is no readable CSV table ({error}): save it as CSV in UTF-8"
        ) from error


def _parse(path: Path, key: str | None, separator: str | None) -> tuple[pd.DataFrame, pd.Series]:
    options = {"sep": separator or _separator(path), "encoding": "utf-8-sig"}
    options |= {"skipinitialspace": True, "index_col": False}
    header = pd.read_csv(path, nrows=0, **options)
    names = header.columns.str.strip()
    if key is None:
        table = pd.read_csv(path, names=names, header=0, **options)
        return table, pd.Series(path.name, table.index)
    if key not in names:
        raise ValueError(f"key={key!r} is no column of {path}; its columns: {_first_of(names)}")
    table = pd.read_csv(path, names=names, header=0, dtype={key: str}, **options)
    recordings = table.pop(key).str.strip("'\" ")
    return table[recordings.notna()], recordings.dropna()


def _first_of(names) -> str:
    return shorten([repr(str(name)) for name in names], 20)


def _choose_columns(table: pd.DataFrame, columns, csv) -> list[str]:
    numbers = table.select_dtypes("number")
    if columns is None:
        real = numbers.select_dtypes("floating").columns
        chosen = [name for name in real if name.lower() not in _BOOKKEEPING]
        advice = "name some in columns="
    elif isinstance(columns, str):
        chosen = [name for name in numbers if re.search(columns, name)]
        advice = f"columns={columns!r} finds none of them"
    else:
        chosen = list(columns)
        advice = "columns=[] is empty"
        if unknown := [name for name in chosen if name not in table]:
            raise ValueError(
                f"columns: {_first_of(unknown)} not in {csv}; its columns: {_first_of(table)}"
            )
        if words := [name for name in chosen if name not in numbers]:
            raise ValueError(f"columns: {_first_of(words)} of {csv} hold words, not only numbers")
    if not chosen:
        raise ValueError(f"{csv} has no features: {advice}; it has {_first_of(table)}")
    return chosen


def _join_key(name: str, pattern: str | None) -> str | None:
    """Return what a clip and a row must have in common, None where the pattern finds nothing."""
    if pattern is None:
        return _SUFFIX.sub("", re.split(r"[\\/]", name)[-1])
    match = re.search(pattern, name)
    return match and match.group(1)


def _files(csv: str) -> list[Path]:
    path = expand_user(csv)
    if path.is_dir():
        if not (files := sorted(path.glob("*.csv"))):
            raise FileNotFoundError(f"{path}: no *.csv file in this folder")
        return files
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file; the table of features is missing")
    return [path]


def _average_frames(csv, key, pattern, columns, separator) -> _Table:
    pieces = [_read(path, key, separator) for path in _files(csv)]
    table = pd.concat([piece for piece, _ in pieces], ignore_index=True)
    recordings = pd.concat([names for _, names in pieces], ignore_index=True)
    chosen = _choose_columns(table, columns, csv)
    key_of = {name: _join_key(name, pattern) for name in recordings.unique()}
    keys = recordings.map(key_of)
    if keys.isna().all():
        raise ValueError(
            f"pattern={pattern!r} is found in no {key or 'file name'!r} of {csv}, "
            f"for example {_first_of(recordings.head(1))}"
        )
    trusted = table["success"] != 0 if "success" in table else pd.Series(True, table.index)
    values = table.loc[trusted, chosen].replace([np.inf, -np.inf], np.nan)
    means = values.groupby(keys[trusted], sort=False).mean()
    sharing = pd.Series(list(key_of), index=list(key_of.values())).groupby(level=0).agg(tuple)
    return _Table(
        names=tuple(chosen),
        rows={name: row for row, name in enumerate(means.index)},
        values=means.to_numpy(np.float64),
        untrusted=frozenset(keys.dropna()) - frozenset(means.index),
        merged=tuple(names for names in sharing if len(names) > 1),
        crowded=_find_crowded(table[trusted], recordings[trusted], keys[trusted]),
    )


def _find_crowded(table: pd.DataFrame, recordings: pd.Series, keys: pd.Series) -> tuple[str, ...]:
    """Return the keys of which some recording has a frame in several rows: one for each face."""
    if "frame" not in table:
        return ()
    rows = pd.DataFrame({"recording": recordings, "frame": table["frame"]})
    return tuple(dict.fromkeys(keys[rows.duplicated()].dropna()))


@lru_cache(maxsize=8)
def _cached_table(stamp, csv, key, pattern, columns, separator) -> _Table:
    return _average_frames(csv, key, pattern, columns, separator)


class FeatureTable(ClipEstimator, TransformerMixin, BaseEstimator):
    """Precomputed features from a CSV, joined by clip.

    A row of the CSV belongs to a clip if both have the same join key: the file's name without
    folder and suffix, or what `pattern` finds in the name. Several rows of a clip (OpenFace writes
    one per frame) are averaged, without those whose `success` is 0 and without missing values.
    Nothing is learned: the CSV is read when it is needed, and again when it has changed.

    Parameters
    ----------
    csv : str or Path
        The file, or a folder of files with the same columns. Columns may be separated by commas,
        semicolons or tabs; spaces around their names do not count.
    key : str or None
        Column of the CSV that names the clip: a file name, a path, or any word that holds the join
        key. None: each file's own name (OpenFace writes one CSV per video).
    column : str
        Which column of a clip table to join by.
    pattern : str, optional
        Regular expression, searched for in the clip's path and in `key`; its first group is the
        join key. ``r"\\d\\d-([\\d-]+)\\.\\w+$"`` makes a RAVDESS take of "01-..." and "03-...".
    columns : list of str or str, optional
        The features, or a regular expression that is found in their names. None: all columns of
        real numbers but those that number, time or vouch for a frame. (Columns of whole numbers
        must be asked for: they are mostly labels, such as the actor.)
    separator : str, optional
        Between columns; None: the one of comma, semicolon and tab that the first line has most of.

    Attributes
    ----------
    n_features_out_ : int
        Number of features.

    Raises
    ------
    ValueError
        In `transform`, for a table, columns or a pattern that cannot be used.

    See Also
    --------
    ShortTermStatistics : pyAudioAnalysis' features.
    FaceTexture : Gradients and binary patterns, no network.
    ScoreColumns : Scores from columns of the table.

    Notes
    -----
    A clip without a row has the status "missing" and a row of NaN, which `make_clip_pipeline`
    leaves out. The means of `success`, `confidence` and frame numbers are no features, unless
    asked for.

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile
    >>> from emopipe import FeatureTable
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     csv = Path(folder, "units.csv")
    ...     _ = csv.write_text("file, AU12\\na.mp4, 1.0\\na.mp4, 2.0\\nb.mp4, 0.5")
    ...     FeatureTable(csv, key="file").transform(["clips/b.flv", "clips/a.flv"])
    array([[0.5],
           [1.5]])
    """

    def __init__(self, csv, *, key, column="path", pattern=None, columns=None, separator=None):
        self.csv = csv
        self.key = key
        self.column = column
        self.pattern = pattern
        self.columns = columns
        self.separator = separator

    def _table(self) -> _Table:
        if self.pattern is not None and re.compile(self.pattern).groups < 1:
            raise ValueError(f"pattern={self.pattern!r} needs a group (...): the join key")
        columns = self.columns
        if columns is not None and not isinstance(columns, str):
            columns = tuple(columns)
        stamp = tuple((str(path), file_stamp(path)) for path in _files(self.csv))
        return _cached_table(stamp, str(self.csv), self.key, self.pattern, columns, self.separator)

    def fit(self, X, y=None):
        """Check the parameters, the CSV and the paths; nothing is learned."""
        table = self._table()
        paths_of(X, self.column)
        for names in table.merged[:1]:
            warnings.warn(
                f"{len(table.merged)} join keys of {self.csv} stand for several recordings, whose "
                f"rows are averaged: {_first_of(names)} are one clip; make the pattern sharper if "
                "they should not be",
                ClipWarning,
                stacklevel=2,
            )
        if table.crowded:
            warnings.warn(
                f"{len(table.crowded)} recordings in {self.csv} have several faces in one frame, "
                f"averaged here: {_first_of(table.crowded[:3])}; leave the rows of one face each "
                "in the table if that is not meant",
                ClipWarning,
                stacklevel=2,
            )
        self.n_features_out_ = len(table.names)
        return self

    def _find(self, X) -> tuple[_Table, list[str], list[str | None], list[int | None]]:
        table, paths = self._table(), paths_of(X, self.column)
        keys = [None if path is None else _join_key(path, self.pattern) for path in paths]
        return table, paths, keys, [table.rows.get(key) for key in keys]

    def transform(self, X):
        """Return the features of the clips.

        Parameters
        ----------
        X : list, array or Series of paths, or DataFrame
            The clips; the files themselves are not needed.

        Returns
        -------
        float64 ndarray of shape (n_clips, n_features)
            With rows of NaN, and a `ClipWarning`, for clips that have no row.

        Raises
        ------
        FileNotFoundError
            If the CSV is not there.
        ValueError
            If it lacks the columns that were named, or has no features.
        """
        table, paths, keys, rows = self._find(X)
        features = np.full((len(paths), len(table.names)), np.nan)
        for index, row in enumerate(rows):
            if row is not None:
                features[index] = table.values[row]
        if missing := [index for index, row in enumerate(rows) if row is None]:
            first, why = paths[missing[0]], self._why(table, paths[missing[0]], keys[missing[0]])
            first = f"row {missing[0]}" if first is None else first
            warnings.warn(
                f"{len(missing)} of {len(paths)} clips have no row in {self.csv} (missing "
                f"{len(missing)}): first {first}: {why}; their rows are NaN. make_clip_pipeline "
                "leaves them out of what follows.",
                ClipWarning,
                stacklevel=2,
            )
        return features

    def _why(self, table, path, key) -> str:
        if path is None:
            return "the table has no path of this clip"
        if key is None:
            return f"pattern {self.pattern!r} is not found in its name"
        if key in table.untrusted:
            return f"no frame of {key!r} was successful"
        return f"there is no {key!r}, only {_first_of(list(table.rows)[:3])}, ..."

    def statuses(self, X):
        """Return a DataFrame with path, status ("ok", "partial", "missing") and detail."""
        table, paths, keys, rows = self._find(X)
        outcomes = [
            ("missing", self._why(table, path, key))
            if row is None
            else ("ok", "")
            if np.isfinite(table.values[row]).all()
            else ("partial", f"{np.isnan(table.values[row]).sum()} features have no value")
            for path, key, row in zip(paths, keys, rows, strict=True)
        ]
        statuses = pd.DataFrame(outcomes, columns=["status", "detail"], index=index_of(X))
        statuses.insert(0, "path", paths)
        return statuses

    def get_feature_names_out(self, input_features=None):
        """Return the names of the features, an object ndarray of str."""
        return np.asarray(self._table().names, dtype=object)

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        tags = clip_tags(super().__sklearn_tags__())
        tags.requires_fit = False
        return tags
