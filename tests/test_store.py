import copy
import hashlib
import json
import os
import pickle
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import warnings
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from emopipe.files import FileStamp, checksum, file_stamp
from emopipe.store import (
    Entry,
    Store,
    StoreError,
    StoreWarning,
    database,
    default_path,
    open_store,
    schema,
    use_store,
)
from emopipe.store.repair import rebuild


def key(number):
    return hashlib.sha256(str(number).encode()).hexdigest()


def entries(numbers, size=4):
    return {key(i): Entry(np.full(size, i, np.float32), counts={"frames": i}) for i in numbers}


def forgetful(path):
    """Open a store that remembers nothing by itself, so that every answer comes from the file."""
    return Store(path, memo_bytes=0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "store.sqlite"


@pytest.fixture
def store(path):
    with forgetful(path) as store:
        yield store


def change(path, statement, *values):
    with sqlite3.connect(path) as connection:
        connection.execute(statement, values)
    connection.close()


dtypes = st.one_of(arrays.scalar_dtypes(), arrays.unicode_string_dtypes())


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    value=st.none() | arrays.arrays(dtypes, arrays.array_shapes(min_dims=0, min_side=0)),
    detail=st.text(st.characters(exclude_categories=["Cs"])),
    counts=st.dictionaries(st.text("abc"), st.integers(0, 10**9)),
)
def test_what_goes_in_comes_out(store, value, detail, counts):
    store.put({key(0): Entry(value, "partial", detail, counts)})
    entry = store.get([key(0)])[key(0)]
    assert entry[1:] == ("partial", detail, counts)
    if value is None:
        assert entry.value is None
    else:
        assert entry.value.dtype == value.dtype and entry.value.shape == value.shape
        assert entry.value.tobytes() == value.tobytes()
        assert not entry.value.flags.writeable


def test_arrays_in_any_layout_keep_their_order(store):
    table = np.arange(12.0).reshape(3, 4)
    layouts = {key(0): table.T, key(1): table[:, ::2], key(2): np.asfortranarray(table)}
    store.put({k: Entry(v) for k, v in layouts.items()})
    for k, v in store.get(layouts).items():
        np.testing.assert_array_equal(v.value, layouts[k])


def test_unknown_keys_are_absent_and_known_ones_replaced(store):
    store.put(entries(range(1200)))
    stored = store.get([key(i) for i in range(1300)])
    assert sorted(e.counts["frames"] for e in stored.values()) == list(range(1200))
    store.put({key(3): Entry(None, "no_face", "nobody there")})
    assert store.get([key(3)]) == {key(3): Entry(None, "no_face", "nobody there")}
    assert store.ls()["entries"].tolist() == [1200]


def test_a_large_value(store):
    value = np.arange(6 * 10**6, dtype=np.float64).reshape(-1, 10)
    store.put({key(0): Entry(value)})
    np.testing.assert_array_equal(store.get([key(0)])[key(0)].value, value)


def test_values_beyond_what_sqlite_holds_are_left_out(store, monkeypatch):
    monkeypatch.setattr("emopipe.store.store._LARGEST", 100)
    with pytest.warns(UserWarning, match="recipe 'faces' takes .* GB and is not kept"):
        store.put({key(0): Entry(np.zeros(100)), key(1): Entry(np.zeros(10))}, name="faces")
    assert list(store.get([key(0), key(1)])) == [key(1)]


def test_put_keeps_all_or_nothing(store):
    with pytest.raises(TypeError, match="Python objects"):
        store.put(entries(range(3)) | {key(9): Entry(np.array([{}]))})
    with pytest.raises(ValueError, match="hex"):
        store.put(entries(range(3)) | {"no key": Entry(np.zeros(1))})
    assert store.get([key(i) for i in range(3)]) == {}
    store.put(entries(range(3)))
    assert len(store.get([key(i) for i in range(3)])) == 3


@pytest.mark.parametrize(
    "damage",
    [
        "value=zeroblob(16)",
        "shape='[2, 2]'",
        "status='partial'",
        "counts='{\"frames\": 5}'",
        "dtype='|O'",
        "detail=x'ff'",
        "status=7",
        "value=NULL",
        "checksum=x'00'",
    ],
)
def test_damaged_values_are_unknown_and_dropped(path, store, damage):
    store.put(entries(range(4)))
    change(path, f"UPDATE entries SET {damage} WHERE id=2")
    with pytest.warns(StoreWarning, match=r"store\.sqlite: 1 damaged values were dropped"):
        stored = store.get([key(i) for i in range(4)])
    assert sorted(e.counts["frames"] for e in stored.values()) == [0, 2, 3]
    assert store.ls()["entries"].tolist() == [3]
    store.put(entries(range(4)))
    assert len(store.get([key(i) for i in range(4)])) == 4


def test_no_key_gets_another_ones_value(path, store):
    store.put(entries(range(2)))
    change(path, "DELETE FROM entries WHERE id=1")
    change(path, "UPDATE entries SET key=? WHERE id=2", bytes.fromhex(key(0)))
    for look in (store.peek, store.get):
        with pytest.warns(StoreWarning):
            assert look([key(0), key(1)]) == {}
        change(path, "DELETE FROM entries")
        store.put(entries(range(2)))
        change(path, "DELETE FROM entries WHERE key=?", bytes.fromhex(key(0)))
        change(path, "UPDATE entries SET key=?", bytes.fromhex(key(0)))


def test_verify_reads_everything(path, store):
    store.put(entries(range(40)))
    assert store.verify() == []
    change(path, "UPDATE entries SET status='partial' WHERE key=?", bytes.fromhex(key(7)))
    change(path, "UPDATE entries SET value=NULL WHERE key=?", bytes.fromhex(key(30)))
    with pytest.warns(StoreWarning):
        assert sorted(store.verify()) == sorted([key(7), key(30)])
    assert store.verify() == [] and store.ls()["entries"].tolist() == [38]


def test_flipped_bytes_on_disk_come_to_light(path, store):
    store.put({key(0): Entry(np.full(10**5, 7, np.uint8)), key(1): Entry(np.zeros(10))})
    store.close()
    whole = bytearray(path.read_bytes())
    whole[whole.index(bytes([7]) * 2000) + 1000] ^= 1
    path.write_bytes(whole)
    with pytest.warns(StoreWarning):
        assert store.verify() == [key(0)]


@pytest.mark.filterwarnings("ignore::emopipe.store.StoreWarning")
def test_a_flipped_bit_anywhere_gives_no_wrong_value_and_ends_no_run(tmp_path):
    stamp = file_stamp(__file__)._replace(changed=10**18)
    with forgetful(tmp_path / "whole") as store:
        store.put(entries(range(60), size=68), name="x", contents={key(0): key("file")})
        store.put_contents({__file__: (stamp, key("file"))})
    whole = (tmp_path / "whole").read_bytes()
    # Bytes of the headers of file and pages, and some of all others.
    heads = [i for i in range(len(whole)) if i % 4096 < 12 or i < 100]
    offsets = np.random.default_rng(0).permutation(len(whole))[:20].tolist() + heads[:250:16]
    # A message that quotes such a name is no text either.
    offsets += [whole.index(b"INTEGER PRIMARY"), -whole.index(b"sqlite_autoindex_recipes")]
    for i in range(6):  # the number of a row, behind its key in the index
        raw = bytes.fromhex(key(i))
        offsets += [m.end() for m in re.finditer(re.escape(raw), whole)]
    for offset in offsets:
        damaged = bytearray(whole)
        damaged[abs(offset)] ^= 1 if offset >= 0 else 128
        (tmp_path / "s").write_bytes(damaged)
        with forgetful(tmp_path / "s") as store:
            stored = store.get([key(i) for i in range(60)])
            assert all(e.value[0] == e.counts["frames"] for e in stored.values()), offset
            assert all(e.value[0] == i for i in range(60) if (e := stored.get(key(i)))), offset
            assert store.contents({__file__: stamp}) in ({}, {__file__: key("file")}), offset
            store.put(entries(range(60), size=68), name="x")
            assert len(store.get([key(i) for i in range(60)])) > 50, offset
        for file in tmp_path.glob("s*"):
            file.unlink()


def test_a_damaged_page_costs_its_own_values_only(path, store):
    store.put(entries(range(500), size=100), name="face", parameters="fc7")
    store.put_contents({__file__: (file_stamp(__file__)._replace(changed=1), key(0))})
    store.close()
    whole = bytearray(path.read_bytes())
    offset = whole.index(np.full(100, 321, np.float32).tobytes()) // 4096 * 4096
    whole[offset : offset + 8] = bytes(8)
    path.write_bytes(whole)
    with pytest.warns(StoreWarning, match=r"was damaged .* intact values .*sqlite\.damaged"):
        stored = store.get(map(key, range(500)))
    assert 450 < len(stored) < 500 and key(321) not in stored
    assert Path(f"{path}.damaged").read_bytes() == whole
    assert store.verify() == [] and store.ls()["name"].tolist() == ["face"]
    assert store.folders() == {str(Path(__file__).parent): 1}
    store.put(entries(range(500), size=100))
    assert len(store.get(map(key, range(500)))) == 500


def test_ls_tells_recipes_apart(store):
    assert store.ls().empty
    store.put(entries(range(3), size=1000), name="face", parameters="fc7")
    store.put(entries(range(3, 5), size=10), name="face", parameters="fc6")
    store.put({key(9): Entry(None, "no_audio")}, name="voice")
    table = store.ls()
    assert table.iloc[:, :3].values.tolist() == [
        ["face", 3, 12000],
        ["face", 2, 80],
        ["voice", 1, 0],
    ]
    assert (abs(table["last_used"].astype("datetime64[s]").astype(int) - time.time()) < 100).all()


def test_gc_forgets_what_it_is_told(path, store):
    def fill():
        store.put(entries(range(10), size=250), name="face")  # 1000 bytes each
        store.put(entries(range(10, 15), size=250), name="voice")
        for i in range(15):
            change(
                path, "UPDATE entries SET used=used-? WHERE key=?", i * 10**6, bytes.fromhex(key(i))
            )

    def numbers_left():
        return [i for i in range(15) if key(i) in store.get(map(key, range(15)))]

    for options, expected in (
        ({"max_bytes": 3500}, range(3)),
        ({"older_than": 4.5e6}, range(5)),
        ({"recipe": "face"}, range(10, 15)),
        ({"recipe": "voice", "max_bytes": 2000}, range(12)),
        ({"recipe": "face", "older_than": 4.5e6}, [*range(5), *range(10, 15)]),
        ({"max_bytes": 3500, "older_than": 1.5e6}, range(2)),
        ({"max_bytes": 0}, []),
        ({"recipe": "nobody's"}, range(15)),
        ({}, range(15)),
    ):
        fill()
        assert store.gc(**options) == 15 - len(expected), options
        change(path, "UPDATE entries SET used=strftime('%s', 'now')")
        assert numbers_left() == list(expected), options
    size = path.stat().st_size
    store.put({key("big"): Entry(np.ones(10**6))}, name="big")
    store.gc(recipe="big")
    assert path.stat().st_size < size + 10**6


def test_use_is_noted_once_a_day(path, store):
    store.put(entries(range(2)))
    change(path, "UPDATE entries SET used=used-100000 WHERE key=?", bytes.fromhex(key(0)))
    store.get([key(0)])
    assert store.gc(older_than=50000) == 0


def test_the_memo_is_bounded_and_asks_no_database(path):
    with Store(path, memo_bytes=20_000) as store:
        store.put(entries(range(100), size=250))
        assert store._memo.bytes <= 20_000
        change(path, "DELETE FROM entries")
        assert set(store.get(map(key, range(100)))) == {key(i) for i in range(87, 100)}
        store.gc(max_bytes=0)
        assert store.get([key(99)]) == {}


def test_a_store_deleted_under_way_is_made_anew(path):
    with Store(path) as store:
        store.put(entries(range(2)))
        for file in path.parent.iterdir():
            file.unlink()
        assert store.get([key(0)]) == {}
        store.put(entries([5]))
    assert list(Store(path).get(map(key, range(9)))) == [key(5)]


# Contents of files


def test_contents_are_known_while_files_stay_as_they_are(tmp_path, path, store):
    files = [str(tmp_path / name) for name in ("a", "b", os.fsdecode(b"caf\xe9"))]
    for file in files:
        Path(file).write_bytes(os.fsencode(file))
        os.utime(file, (1e9, 1e9))
    stamps = {file: file_stamp(file) for file in files}
    expected = {file: key(i) for i, file in enumerate(files)}
    assert store.contents(stamps) == {}
    store.put_contents({file: (stamps[file], expected[file]) for file in files})
    assert store.contents(stamps) == expected
    os.utime(files[0], (2e9, 2e9))
    os.replace(files[1], tmp_path / "d")
    Path(files[1]).write_bytes(b"12")
    os.utime(files[1], (1e9, 1e9))
    now = {file: file_stamp(file) for file in files}
    assert store.contents(now) == {files[2]: key(2)}


def test_a_file_changed_just_now_is_not_remembered(tmp_path, store):
    file = tmp_path / "clip"
    file.write_bytes(b"one")
    stamps = {str(file): file_stamp(file)}
    store.put_contents({str(file): (stamps[str(file)], key(1))})
    assert store.contents(stamps) == {}


@pytest.mark.parametrize(
    "damage", ["content=zeroblob(32)", "changed=changed+1", "path=CAST('/other' AS BLOB)"]
)
def test_damaged_rows_about_files_are_unknown(tmp_path, path, store, damage):
    stamp = file_stamp(__file__)._replace(changed=10**18)
    store.put_contents({__file__: (stamp, key(1))})
    change(path, f"UPDATE files SET {damage}")
    stamps = {__file__: stamp._replace(changed=10**18 + ("+" in damage)), "/other": stamp}
    assert store.contents(stamps) == {}
    store.verify()
    assert not store.folders()


# Processes and threads

WRITER = """
import sys
import numpy as np
from emopipe.store import Entry, Store
from hashlib import sha256
store, who = Store(sys.argv[1]), sys.argv[2]
i = 0
while i < int(sys.argv[3]):
    keys = [sha256(f"{who} {i + j}".encode()).hexdigest() for j in range(5)]
    store.put({k: Entry(np.full(3000, i)) for k in keys}, name=who)
    i += 5
    print(i, flush=True)
"""


def writers(path, names, n):
    return [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name, str(n)], stdout=subprocess.PIPE
        )
        for name in names
    ]


def test_processes_make_and_fill_one_store_together(path):
    path.parent.mkdir()
    running = writers(path, "abcd", 50)
    assert [process.communicate()[0].split()[-1] for process in running] == [b"50"] * 4
    with forgetful(path) as store:
        assert sorted(store.ls()[["name", "entries"]].values.tolist()) == [[n, 50] for n in "abcd"]
        assert store.verify() == []


def test_a_killed_writer_leaves_whole_transactions(path):
    path.parent.mkdir()
    (process,) = writers(path, ["a"], 10**6)
    while int(process.stdout.readline()) < 100:
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with forgetful(path) as store:
        (n,) = store.ls()["entries"]
        assert n >= 100 and n % 5 == 0
        assert store.verify() == []


def test_threads_share_a_store(path):
    failures = []

    def work(start):
        try:
            for i in range(start, start + 20):
                store.put(entries([i]))
                assert len(store.get([key(i), key(start)])) >= 1
        except Exception as error:
            failures.append(error)

    with Store(path) as store:
        threads = [threading.Thread(target=work, args=(100 * i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures and store.ls()["entries"].tolist() == [80]


def test_forked_processes_open_their_own_connection(path):
    with Store(path) as store:
        store.put(entries([1]))
        pid = os.fork()
        if pid == 0:
            try:
                store.put(entries([2]))
                os._exit(0 if len(store.get([key(1), key(2)])) == 2 else 1)
            except BaseException:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert len(store.get([key(1), key(2)])) == 2


def test_the_same_file_is_the_same_store(path, monkeypatch, tmp_path):
    store = open_store(path)
    assert open_store(str(path)) is store and open_store(store) is store
    assert pickle.loads(pickle.dumps(store)) is store and copy.deepcopy(store) is store
    assert open_store(None) is None
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert default_path() == tmp_path / "cache" / "emopipe" / "store.sqlite"
    assert open_store("default").path == default_path() and default_path().exists()
    monkeypatch.chdir(tmp_path)
    assert open_store("near.sqlite").path == tmp_path / "near.sqlite"


# What can go wrong


def test_other_files_are_no_stores(tmp_path):
    text, foreign, new = (tmp_path / name for name in ("text", "foreign", "new"))
    text.write_text("this is no database at all" * 100)
    with pytest.raises(StoreError, match=r"text: the file is damaged, or no SQLite.*delete it"):
        Store(text)
    change(foreign, "CREATE TABLE theirs (x)")
    with pytest.raises(StoreError, match=r"foreign is the database of another program.*store="):
        Store(foreign)
    Store(new).close()
    change(new, "ALTER TABLE files ADD COLUMN more")
    change(new, "PRAGMA user_version=9")
    with pytest.raises(StoreError, match=r"new was written by a newer emopipe \(schema 9.*Upgrade"):
        Store(new)
    with pytest.raises(StoreError, match=r"text/store.sqlite: its folder cannot be made.*store="):
        Store(text / "store.sqlite")
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path)


def test_a_torn_file_is_set_aside_and_what_is_intact_used_on(path, store):
    store.put(entries(range(200), size=1000))
    store.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.warns(StoreWarning, match="was damaged"):
        assert store.verify() == []
    (n,) = store.ls()["entries"]
    assert 50 < n < 150
    store.put(entries(range(200), size=1000))
    assert len(store.get(map(key, range(200)))) == 200


def test_an_error_worded_in_bytes_that_are_no_text_is_damage(path, store):
    store.put(entries(range(3)))
    store.close()
    whole = path.read_bytes()
    spoilt = whole.replace(b"CREATE INDEX", b"CREATE INDEY")
    path.write_bytes(spoilt.replace(b"indexentries_by_use", b"indexentries_by_\xdase"))
    with pytest.warns(StoreWarning, match="was damaged"):
        forgetful(path).verify()


def test_who_comes_late_to_a_repair_does_nothing(path, store):
    store.put(entries(range(3)))
    store.close()
    inode = path.stat().st_ino
    with pytest.warns(StoreWarning):
        rebuild(path, inode, "damaged", "for a test")
    now = path.stat().st_ino
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rebuild(path, inode, "damaged", "for a test")
    assert path.stat().st_ino == now != inode and len(store.get(map(key, range(3)))) == 3


def test_processes_that_meet_a_damaged_store_repair_it_once(path):
    with forgetful(path) as store:
        store.put(entries(range(300), size=100), name="old")
    whole = bytearray(path.read_bytes())
    offset = whole.index(np.full(100, 150, np.float32).tobytes()) // 4096 * 4096
    whole[offset : offset + 8] = bytes(8)
    path.write_bytes(whole)
    program = WRITER.replace("i = 0\n", "i = 0\nstore.ls(); store.verify()\n")
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "always", "-c", program, str(path), name, "10"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for name in "ab"
    ]
    out, errors = zip(*(process.communicate() for process in running), strict=True)
    assert [text.split()[-1] for text in out] == [b"10"] * 2
    assert b"".join(errors).count(b"was damaged") == 1
    with forgetful(path) as store:
        counts = dict(store.ls()[["name", "entries"]].values.tolist())
        assert {name: counts[name] for name in "ab"} == dict.fromkeys("ab", 10)
        assert 250 < counts["old"] < 300 and store.verify() == []


def test_a_full_disk_is_explained_and_loses_nothing(store):
    store.put(entries(range(3)))
    ((pages,),) = store._database.rows("PRAGMA page_count")
    store._database.rows(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(StoreError, match=r"the disk is full. Make room.*emopipe store gc"):
        store.put(entries(range(3, 6), size=10**5))
    assert len(store.get(map(key, range(6)))) == 3


def test_a_held_store_is_explained(path, store, monkeypatch):
    monkeypatch.setattr(database, "_PATIENCE", 0.05)
    store.close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another process has been writing"):
        store.put(entries([1]))
    holder.execute("ROLLBACK")
    holder.close()
    store.put(entries([1]))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_store_is_explained(path, store):
    store.close()
    path.chmod(0o400)
    with pytest.raises(StoreError, match="cannot be written"):
        store.put(entries([1]))


def test_network_folders_get_the_older_journal(tmp_path, monkeypatch):
    def journal(path):
        Store(path).close()
        return sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone()[0]

    assert journal(tmp_path / "local") == "wal"
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path}/far nfs4 rw 0 0\n")
    monkeypatch.setattr(schema, "_MOUNTS", mounts)
    assert journal(tmp_path / "far" / "store.sqlite") == "delete"
    assert journal(tmp_path / "near.sqlite") == "wal"


# Privacy


def test_only_the_owner_can_read_a_store(path, store):
    store.put(entries(range(3)))
    for file in path.parent.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600, file


def test_what_is_forgotten_leaves_no_byte(tmp_path, path, store):
    files = [tmp_path / f"secret-{i}.wav" for i in range(3)]
    stamps = {}
    for i, file in enumerate(files):
        file.write_bytes(b"RIFF%d" % (i % 2))  # the third is a copy of the first
        stamps[str(file)] = file_stamp(file)._replace(changed=10**18)
    contents = {str(file): checksum(file) for file in files}
    store.put_contents({file: (stamps[file], contents[file]) for file in contents})
    for i in range(2):
        for name in ("voice", "face"):
            marked = Entry(np.full(2000, 1000 + i, np.int16), detail=f"detail-{i}")
            keys = {key(f"{name}{i}"): marked}
            store.put(keys, name=name, parameters=name,
                      contents={k: contents[str(files[i])] for k in keys})  # fmt: skip
    old = hashlib.sha256((contents[str(files[0])] + key("voice")).encode()).hexdigest()
    part = {key("part"): Entry(np.full(2000, 1000, np.int16))}
    store.put({old: Entry(np.full(2000, 1000, np.int16))}, name="voice", parameters="voice")
    store.put(part, name="voice", parameters="voice")
    store.gc(recipe="face")
    Path(f"{path}.damaged").write_bytes(b"secret-0.wav")

    with closing(sqlite3.connect(path)) as other:  # deleted before, its bytes in unused pages
        other.execute("PRAGMA secure_delete=OFF")
        sql = "DELETE FROM entries WHERE detail='detail-0' AND recipe=(SELECT min(id) FROM recipes)"
        other.execute(sql)
        other.commit()
    assert store.forget([str(files[0])])[1:] == (1, 2)
    left = b"".join(file.read_bytes() for file in path.parent.iterdir())
    for trace in (b"secret-0", b"secret-2", b"detail-0", np.full(4, 1000, np.int16).tobytes(),
                  bytes.fromhex(contents[str(files[0])]), bytes.fromhex(old)):  # fmt: skip
        assert trace not in left, trace
    for trace in (b"secret-1", b"detail-1", np.full(400, 1001, np.int16).tobytes()):
        assert trace in left, trace
    assert store.verify() == [] and store.ls()["entries"].tolist() == [1]


def test_who_is_forgotten_was_perhaps_known_by_a_link_and_by_an_earlier_file(tmp_path, path, store):
    folder, link, file = tmp_path / "real", tmp_path / "link", tmp_path / "real" / "ann.wav"
    folder.mkdir()
    link.symlink_to(folder)
    for content, target in ((b"first", link), (b"second", folder), (b"third", link)):
        file.write_bytes(content)
        name, digest = str(target / "ann.wav"), checksum(file)
        store.put_contents({name: (file_stamp(file)._replace(changed=10**18), digest)})
        store.put({key(content): Entry(np.ones(3))}, contents={key(content): digest})
    store.put_contents({"/bob.wav": (FileStamp(1, 2, 3), key("bob"))})
    store.put({key("of bob"): Entry(np.ones(3))}, contents={key("of bob"): key("bob")})
    file.write_bytes(b"fourth")

    assert store.forget([str(file)]) == (2, 1, 2)
    assert store.get([key("of bob")]) and store.folders() == {"/": 1}


@pytest.mark.parametrize("end", [".rebuilt", ".rebuilt-wal", ".damaged", ".damaged-wal"])
def test_copies_that_a_repair_left_are_forgotten(path, store, end):
    Path(f"{path}{end}").write_bytes(b"ann.wav")
    store.forget(["/ann.wav"])
    assert not Path(f"{path}{end}").exists()


# The store of schema 1


def first_store(path, tables=schema.FIRST_TABLES):
    """Write a store as the first emopipe did."""
    path.parent.mkdir(exist_ok=True)
    file, parameters = key("file"), "parameters"
    whole = hashlib.sha256((file + key(parameters)).encode()).digest()
    with sqlite3.connect(path) as connection:
        for statement in tables.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id={schema.APPLICATION}")
        connection.execute("PRAGMA user_version=1")
        connection.execute("INSERT INTO recipes VALUES (1, 'voice', ?)", (parameters,))
        for i, name in enumerate([whole, bytes.fromhex(key(1)), bytes.fromhex(key(2))]):
            value = np.full(4, i, np.float32).tobytes()
            words = ["ok", "", '{"frames": 3}', "<f4", "[4]"]
            digest = hashlib.sha256(json.dumps(words).encode() + value).digest()
            row = (i + 1, name, 1, 10**9, 16, *words, digest, value)
            connection.execute(f"INSERT INTO entries VALUES ({','.join('?' * 12)})", row)
        for row in (("/a.wav", 5, 7, 9, file), ("/b.wav", 5, 7, 9, key("other"))):
            connection.execute("INSERT INTO files VALUES (?, ?, ?, ?, ?)", row)
        connection.execute("UPDATE entries SET value=zeroblob(16) WHERE id=3")
    connection.close()
    return whole.hex()


def test_an_earlier_store_is_verified_and_still_hits(path):
    whole = first_store(path)
    with pytest.warns(StoreWarning, match="earlier emopipe.*2 intact values are used on"):
        store = forgetful(path)
    stored = store.get([whole, key(1), key(2)])
    assert set(stored) == {whole, key(1)} and stored[whole] == stored[whole]._replace(
        status="ok", counts={"frames": 3}
    )
    assert stored[key(1)].value.tobytes() == np.full(4, 1, np.float32).tobytes()
    assert store.ls()[["name", "parameters"]].values.tolist() == [["voice", "parameters"]]
    stamp = FileStamp(5, 7, 9)
    assert store.contents({"/a.wav": stamp, "/b.wav": stamp}) == {"/a.wav": key("file")}
    assert not Path(f"{path}.damaged").exists() and path.stat().st_mode & 0o777 == 0o600
    assert store.forget(["/a.wav"]) == (1, 1, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        forgetful(path)


def test_default_means_another_store_for_a_while(tmp_path):
    usual = open_store("default")
    with use_store(tmp_path / "own.sqlite"):
        assert open_store("default").path == tmp_path / "own.sqlite"
        with use_store("default"), use_store(None):
            assert open_store("default") is None
        assert open_store("default").path == tmp_path / "own.sqlite"
    assert open_store("default") is usual
