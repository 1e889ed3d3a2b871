"""Files that appear whole or not at all."""

import os
import stat

import pytest

from dmpnet.files import digest, whole_file


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


def test_digest(tmp_path):
    """Test vectors of FIPS 180 and RFC 1321: 'abc' and the empty message."""
    file = tmp_path / "message"
    file.write_bytes(b"abc")
    assert digest(file) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest(file, "md5") == "900150983cd24fb0d6963f7d28e17f72"
    file.write_bytes(b"")
    assert digest(str(file)) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
