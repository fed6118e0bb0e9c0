"""A music file is replaced by a tagged copy that sounds the same and has all that the file had, or it stays."""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from mutagen.mp4 import MP4

from playlista.decode.content import hash_file
from playlista.errors import PlaylistaError
from playlista.outputs.file_tags import replacement
from playlista.outputs.file_tags import writer as writer_module
from playlista.outputs.file_tags.writer import TagWriter
from tests.outputs.conftest import BOUNDS, FIELDS, Write, measured
from tests.outputs.tag_files import ODD, decoded, encode, odd, taggable
from tests.places import small_disk, unprivileged_folder

MIB = 2**20


def refused(write: Write, path: Path, why: str) -> None:
    """Writing to `path` is refused in one line that names it, and nothing is changed or left."""
    before, names = path.read_bytes(), sorted(os.listdir(path.parent))
    with pytest.raises(PlaylistaError, match=why) as raised:
        write(path)
    assert str(raised.value).startswith(f"{path}: not tagged: ")
    assert "\n" not in str(raised.value)
    assert ".playlista-" not in str(raised.value)
    assert path.read_bytes() == before
    assert sorted(os.listdir(path.parent)) == names


@pytest.mark.parametrize("name", ODD)
def test_what_the_tag_library_would_damage_is_refused(tmp_path: Path, write: Write, name: str) -> None:
    refused(write, odd(tmp_path, name), "MP4|WAV|RF64|Wave64|size|behind|Ogg|no tags are known")


def test_a_copy_that_sounds_otherwise_is_refused(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the structure check overlooks: here the tag library's work itself is made to go wrong by one bit."""
    path = taggable(tmp_path, "wav")

    def damage(copy: str, _fields: object, **_: object) -> None:
        with open(copy, "rb+") as file:
            file.seek(20_000)
            file.write(bytes([file.read(1)[0] ^ 1]))

    monkeypatch.setattr(writer_module, "write_fields", damage)
    refused(write, path, "does not decode to the same sound")


def test_whatever_the_tag_library_raises_is_one_line(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = taggable(tmp_path, "wav")

    def fail(*_: object, **_keywords: object) -> None:
        raise struct.error("argument out of range")

    monkeypatch.setattr(writer_module, "write_fields", fail)
    refused(write, path, r"the tag library failed on it \(error\)")


def test_values_of_other_music_are_not_written(tmp_path: Path, writer: TagWriter) -> None:
    path = taggable(tmp_path, "flac")
    former = measured(path)
    encode(path, "-c:a", "flac", pitch_hz=660)
    os.utime(path, ns=(former.file.mtime_ns, former.file.mtime_ns))
    refused(lambda _: writer.write(os.fspath(path), FIELDS, former), path, "is not the sound that was analyzed")


def test_values_that_another_machine_measured_on_the_same_audio_are_written(tmp_path: Path, writer: TagWriter) -> None:
    path = taggable(tmp_path, "mp3")
    elsewhere = replace(measured(path), music_hash="another decoder's")
    refused(lambda _: writer.write(os.fspath(path), FIELDS, elsewhere), path, "is not the sound that was analyzed")
    writer.write(os.fspath(path), FIELDS, replace(elsewhere, encoded=hash_file(os.fspath(path)).encoded))


def test_a_file_of_which_a_part_was_analyzed_is_known_by_its_stamps(tmp_path: Path, writer: TagWriter) -> None:
    path = taggable(tmp_path, "flac")
    part = replace(measured(path), music_hash=None)
    os.utime(path)
    refused(lambda _: writer.write(os.fspath(path), FIELDS, part), path, "is not the sound that was analyzed")
    writer.write(os.fspath(path), FIELDS, replace(measured(path), music_hash=None))


def test_a_file_that_was_retagged_since_its_analysis_is_tagged(tmp_path: Path, writer: TagWriter) -> None:
    path = taggable(tmp_path, "m4a")
    former = measured(path)
    file = MP4(path)
    file["\xa9nam"] = ["another title"]
    file.save()
    writer.write(os.fspath(path), FIELDS, former)
    assert MP4(path)["\xa9nam"] == ["another title"]


@pytest.mark.parametrize("when", ["_copy", "write_fields", "_finish"])
@pytest.mark.parametrize("how", ["in place", "renamed over", "removed"])
def test_an_edit_by_another_program_is_never_lost(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch, when: str, how: str
) -> None:
    path = taggable(tmp_path, "wav")
    done = getattr(writer_module, when)
    edited = bytearray(path.read_bytes())
    edited[30_000:30_006] = b"edited"

    def edit_after(*arguments: object, **keywords: object) -> object:
        result = done(*arguments, **keywords)
        if how == "in place":
            stamps = path.stat()
            path.write_bytes(edited)
            os.utime(path, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))  # as some programs do
        elif how == "renamed over":
            (tmp_path / "theirs").write_bytes(edited)
            (tmp_path / "theirs").rename(path)
        else:
            path.unlink()
        return result

    monkeypatch.setattr(writer_module, when, edit_after)
    with pytest.raises(PlaylistaError, match=r"changed by another program meanwhile|No such file"):
        write(path)
    assert os.listdir(tmp_path) == ([] if how == "removed" else ["song.wav"])
    assert how == "removed" or path.read_bytes() == edited


def test_an_edit_between_the_last_look_and_the_exchange_is_put_back(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, theirs = taggable(tmp_path, "wav"), tmp_path / "theirs"
    exchange = replacement.exchange

    def edit_before(first: str, second: str) -> bool:
        if not theirs.exists() and path.read_bytes() != b"edited":
            theirs.write_bytes(b"edited")
            theirs.rename(path)
        return exchange(first, second)

    monkeypatch.setattr(replacement, "exchange", edit_before)
    probe = tmp_path / "probe"
    probe.write_bytes(b"")
    if not exchange(os.fspath(path), os.fspath(probe)):
        pytest.skip("this file system cannot exchange files")
    exchange(os.fspath(path), os.fspath(probe))
    probe.unlink()
    with pytest.raises(PlaylistaError, match="changed by another program"):
        write(path)
    assert path.read_bytes() == b"edited"
    assert os.listdir(tmp_path) == ["song.wav"]


def test_a_file_that_another_program_has_open_for_writing_is_refused(tmp_path: Path, write: Write) -> None:
    path = taggable(tmp_path, "wav")
    known = path.read_bytes()
    with path.open("rb+") as theirs:
        try:
            fcntl.fcntl(theirs, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            fcntl.fcntl(theirs, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except OSError:
            pytest.skip("this file system has no leases")
        with pytest.raises(PlaylistaError, match="open for writing in another program"):
            write(path)
    assert path.read_bytes() == known


def test_files_are_replaced_where_the_system_cannot_exchange_them(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = taggable(tmp_path, "flac")
    monkeypatch.setattr(replacement, "exchange", lambda *_: False)
    sound = decoded(path)
    write(path)
    assert b"REPLAYGAIN_TRACK_GAIN" in path.read_bytes()
    assert decoded(path) == sound
    assert os.listdir(tmp_path) == ["song.flac"]


def test_mode_attributes_and_access_time_stay_and_the_change_shows_in_the_time(tmp_path: Path, write: Write) -> None:
    path = taggable(tmp_path, "flac")
    path.chmod(0o640)
    attribute = set_attribute(path, "user.rating", b"5")
    os.utime(path, ns=(10**18, 10**18))
    write(path)
    status = path.stat()
    assert status.st_mode & 0o7777 == 0o640
    assert status.st_mtime_ns > 10**18
    assert not attribute or os.getxattr(path, "user.rating") == b"5"


def test_an_acl_stays_and_one_that_the_folder_gives_is_not_added(tmp_path: Path, write: Write) -> None:
    path = taggable(tmp_path, "flac")
    # Version 2; user::rw-, user:1234:r--, group::r--, mask::r--, other::---
    entries = ((1, 6, 2**32 - 1), (2, 4, 1234), (4, 4, 2**32 - 1), (16, 4, 2**32 - 1), (32, 0, 2**32 - 1))
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    if not set_attribute(path, "system.posix_acl_access", acl):
        pytest.skip("no ACLs here")
    other = taggable(tmp_path, "ogg")
    os.setxattr(tmp_path, "system.posix_acl_default", acl)
    write(path)
    write(other)
    assert os.getxattr(path, "system.posix_acl_access") == acl
    assert "system.posix_acl_access" not in os.listxattr(other)


def set_attribute(path: Path, name: str, value: bytes) -> bool:
    """Set an extended attribute; False where the file system has none."""
    try:
        os.setxattr(path, name, value)
    except OSError:
        return False
    return True


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_owner_and_group_stay(tmp_path: Path, write: Write) -> None:
    path = taggable(tmp_path, "flac")
    os.chown(path, 1234, 2345)
    path.chmod(0o6640)
    write(path)
    assert (path.stat().st_uid, path.stat().st_gid, path.stat().st_mode & 0o7777) == (1234, 2345, 0o6640)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a file of another user")
def test_a_file_whose_owner_this_user_cannot_keep_is_refused(writer: TagWriter) -> None:
    with unprivileged_folder() as folder:
        folder.chmod(0o777)
        path = taggable(folder, "flac")
        known = measured(path)
        writer = TagWriter(os.fspath(folder / "data"), BOUNDS)
        os.seteuid(0)
        os.chown(path, 1234, 2345)
        path.chmod(0o666)
        os.seteuid(65534)
        with pytest.raises(PlaylistaError, match="belongs to 1234:2345, which this user cannot give a file"):
            writer.write(os.fspath(path), FIELDS, known)
        assert path.stat().st_uid == 1234


def test_a_link_stays_a_link_and_its_target_is_tagged(tmp_path: Path, write: Write) -> None:
    (tmp_path / "elsewhere").mkdir()
    target, link = taggable(tmp_path / "elsewhere", "flac"), tmp_path / "link.flac"
    link.symlink_to(target)
    write(link)
    assert link.is_symlink()
    assert b"REPLAYGAIN_TRACK_GAIN" in target.read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["elsewhere", "link.flac"]
    assert os.listdir(tmp_path / "elsewhere") == ["song.flac"]


def test_one_of_several_names_of_a_file_is_refused(tmp_path: Path, write: Write) -> None:
    path = taggable(tmp_path, "flac")
    os.link(path, tmp_path / "other.flac")
    refused(write, path, r"has 2 names \(hard links\)")


def test_a_file_without_rights_is_refused(tmp_path: Path) -> None:
    with unprivileged_folder() as folder:
        path = taggable(folder, "flac")
        known, writer = measured(path), TagWriter(os.fspath(folder / "data"), BOUNDS)
        path.chmod(0o444)
        refused(lambda _: writer.write(os.fspath(path), FIELDS, known), path, "Permission denied")


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, writer: TagWriter) -> None:
    with small_disk(tmp_path / "disk", size_kb=512) as disk:
        path = disk / "song.wav"
        shutil.copyfile(encode(tmp_path / "song.wav", "-c:a", "pcm_s16le", seconds=4.0), path)
        known = measured(path)
        refused(lambda _: writer.write(os.fspath(path), FIELDS, known), path, "No space left on device")


def test_what_is_no_file_is_refused(tmp_path: Path, writer: TagWriter) -> None:
    known = measured(taggable(tmp_path, "flac"))
    os.mkfifo(tmp_path / "fifo.flac")
    for name in ("fifo.flac", "missing.flac"):
        with pytest.raises(PlaylistaError, match=r"is no file|No such file"):
            writer.write(os.fspath(tmp_path / name), FIELDS, known)
