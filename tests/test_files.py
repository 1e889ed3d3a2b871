"""Files that appear whole or not at all."""

import gc
import os
import stat
import time
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest
from data_files import npy_header, refused, write_bomb
from hypothesis import given, settings
from hypothesis import strategies as st

from dmpnet.disk import archives
from dmpnet.disk.files import digest, digest_of, read_arrays, whole_file
from dmpnet.errors import DataError, DmpnetError, WeightsError


def contents(folder):
    return sorted(path.name for path in folder.iterdir())


def test_appears_when_the_block_ends(tmp_path):
    target = tmp_path / "new" / "folder" / "result.txt"
    with whole_file(target) as temporary:
        temporary.write_text("whole")
        assert not target.exists()
        assert (temporary.parent, temporary.suffix) == (target.parent, ".txt")
    assert target.read_text() == "whole"
    assert contents(target.parent) == ["result.txt"]


def test_replaces_an_earlier_file_at_once(tmp_path):
    target = tmp_path / "result.txt"
    target.write_text("earlier")
    with open(target) as reader, whole_file(str(target)) as temporary:
        temporary.write_text("later")
        assert target.read_text() == "earlier"
        temporary_inode = temporary.stat().st_ino
        assert reader.read() == "earlier"
    assert target.read_text() == "later"
    assert target.stat().st_ino == temporary_inode, "copied, not renamed: a reader could meet half a file"


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt(), RuntimeError("bug")])
@pytest.mark.parametrize("earlier", ["earlier", None])
def test_failure_leaves_things_as_they_were(tmp_path, failure, earlier):
    target = tmp_path / "result.txt"
    if earlier:
        target.write_text(earlier)
    with pytest.raises(type(failure)), whole_file(target) as temporary:
        temporary.write_text("half of")
        raise failure
    assert contents(tmp_path) == (["result.txt"] if earlier else [])
    assert not earlier or target.read_text() == earlier


def test_failure_after_the_writer_removed_its_file(tmp_path):
    with pytest.raises(RuntimeError, match="bug"), whole_file(tmp_path / "result.txt") as temporary:
        temporary.unlink()
        raise RuntimeError("bug")


@pytest.mark.parametrize("umask, mode", [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_are_those_of_any_new_file(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        with whole_file(tmp_path / "result.txt") as temporary:
            temporary.write_text("")
    finally:
        assert os.umask(before) == umask
    assert stat.S_IMODE((tmp_path / "result.txt").stat().st_mode) == mode


@given(st.data())
@settings(max_examples=300)
def test_damaged_arrays_are_refused_in_one_line(tmp_path_factory, data):
    """One to three bytes changed: zip, compression, header or NumPy trips, each with errors of its own."""
    path = tmp_path_factory.mktemp("damaged") / "arrays"
    how = data.draw(st.sampled_from([np.savez, np.savez_compressed, np.save]))
    with open(path, "wb") as file:
        how(file, np.arange(24.0).reshape(1, 8, 3))
    content = bytearray(path.read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=3)):
        content[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        assert set(read_arrays(path, WeightsError, "get it again", single="one")) <= {"arr_0", "one"}
    except WeightsError as error:
        assert str(error).startswith(f"{path}: ") and "\n" not in str(error)


def test_arrays_asked_for_are_read_and_others_left_alone(tmp_path):
    with open(tmp_path / "some.npz", "wb") as file:
        np.savez(file, a=np.arange(3), b=np.array([{}], dtype=object))
    found = read_arrays(tmp_path / "some.npz", DmpnetError, "", ("a", "c"))
    assert list(found) == ["a"] and found["a"].tolist() == [0, 1, 2]
    with pytest.raises(DmpnetError, match="pickled objects"):
        read_arrays(tmp_path / "some.npz", DmpnetError, "")
    with pytest.raises(DataError, match="No such file"):
        read_arrays(tmp_path / "none.npz", DataError, "")


def in_memory(call):
    """Bytes that `call` took at most, as Python and NumPy count them, beyond what was there."""
    gc.collect()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


GIGA = 10**9


@pytest.mark.parametrize("dtype, shape", [(np.uint8, (3, GIGA)), (np.float64, (375, 10**6)), ("U1000", (750_000,)),
                                          ("U250000000", (3,))])
def test_what_unpacks_to_gigabytes_is_refused_before_it_is_unpacked(tmp_path, dtype, shape):
    path = write_bomb(tmp_path / "bomb.npz", {"small": np.arange(3)}, "big", shape, dtype)
    assert path.stat().st_size < 4e6
    took = []

    def reading():
        began = time.process_time()
        refused(lambda: read_arrays(path, DataError, "get it again"), path, "bytes", "250")
        took.append(time.process_time() - began)

    assert in_memory(reading) < 1e6 and took[0] < 1
    found = read_arrays(path, DataError, "get it again", ("small",))
    assert list(found) == ["small"], "what is not asked for stays packed"


def test_what_is_stored_as_it_is_may_have_any_size(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "ROOM", 1000)
    for how, name in ((np.savez, "stored.npz"), (np.savez_compressed, "packed.npz")):
        with open(tmp_path / name, "wb") as file:
            how(file, s_in=np.zeros((100, 5000)))
    assert read_arrays(tmp_path / "stored.npz", DataError, "")["s_in"].shape == (100, 5000)
    refused(lambda: read_arrays(tmp_path / "packed.npz", DataError, "save it with np.savez"), "np.savez")


@pytest.mark.parametrize("shape, named", [((3, GIGA), "bytes in all"), ((2,), "bytes in all"), ((-1,), "bytes in all")])
@pytest.mark.parametrize("zipped", [True, False])
def test_header_that_says_another_size_than_there_is(tmp_path, shape, named, zipped):
    content = npy_header(shape, np.float64) + bytes(24)
    path = tmp_path / "file"
    if zipped:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("s_in.npy", content)
    else:
        path.write_bytes(content)
    assert in_memory(lambda: refused(lambda: read_arrays(path, DataError, "", single="s_in"), path, named)) < 1e6


@pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_to_compress(tmp_path, packed):
    """LZMA stands for 7,000 times its bytes; NumPy writes neither."""
    with zipfile.ZipFile(tmp_path / "other.npz", "w", packed) as archive:
        archive.writestr("s_in.npy", npy_header((10**6,), np.uint8) + bytes(10**6))
    refused(lambda: read_arrays(tmp_path / "other.npz", DataError, ""), "'s_in'", "compressed")


def test_the_same_name_twice(tmp_path):
    with zipfile.ZipFile(tmp_path / "twice.npz", "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for value in (1, 2):
            archive.writestr("a.npy", npy_header((), np.uint8) + bytes([value]))
    refused(lambda: read_arrays(tmp_path / "twice.npz", DataError, ""), "'a'", "twice")


@given(st.sampled_from([">f4", ">f8", ">i2", ">u8", "<f4", ">U3"]), st.booleans())
def test_arrays_come_in_the_byte_order_of_the_machine(tmp_path_factory, kind, zipped):
    """Programs that Brian2 compiles are given the bytes; of the other order they would make other numbers."""
    array = np.arange(6).reshape(2, 3).astype(kind)
    path = tmp_path_factory.mktemp("order") / "array"
    with open(path, "wb") as file:
        np.savez(file, a=array) if zipped else np.save(file, array)
    found = read_arrays(path, DataError, "", single="a")["a"]
    assert found.dtype.isnative and (found == array).all()


def test_declared_shapes_are_seen_before_anything_is_unpacked(tmp_path):
    seen = {}

    def check(declared):
        seen.update({key: (array.dtype, array.shape) for key, array in declared.items()})
        raise DataError("not these")

    path = write_bomb(tmp_path / "some.npz", {"a": np.arange(3.0)}, "b", (190, 10**6))
    assert in_memory(lambda: refused(lambda: read_arrays(path, DataError, "", check=check), "not these")) < 1e6
    assert seen == {"a": (np.float64, (3,)), "b": (np.uint8, (190, 10**6))}


def test_digest(tmp_path):
    """Test vectors of FIPS 180 and RFC 1321: 'abc' and the empty message."""
    file = tmp_path / "message"
    file.write_bytes(b"abc")
    assert digest(file) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest_of(np.array([97], np.uint8), np.array([[98, 0], [99, 0]], np.uint8)[:, 0]) == digest(file)
    assert digest(file, "md5") == "900150983cd24fb0d6963f7d28e17f72"
    file.write_bytes(b"")
    assert digest(str(file)) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_bytes_are_on_the_disk_before_they_get_their_name(tmp_path, monkeypatch):
    """Else a power cut after the renaming leaves the name on an empty file: first fsync of the file, then replace."""
    done = []
    sync, replace = os.fsync, os.replace

    def synced(descriptor):
        done.append(("fsync", os.fstat(descriptor).st_ino, os.fstat(descriptor).st_size))
        sync(descriptor)

    def replaced(source, target, **more):
        done.append(("replace", os.stat(source).st_ino, os.stat(source).st_size))
        replace(source, target, **more)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    with whole_file(tmp_path / "result.txt") as temporary:
        temporary.write_text("whole")
    inode = (tmp_path / "result.txt").stat().st_ino
    assert done == [("fsync", inode, 5), ("replace", inode, 5)]
