"""The scrub: what rotted is named, and nothing else; it waits for everybody, and goes on where it was."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from playlista.daemon import scrub_file as scrub_file_module
from playlista.daemon.scrub_file import AUDIO_ROTTED, TAGS_ROTTED
from playlista.decode.content import FileHashing, hash_file
from playlista.library.comparisons import Comparisons, KeptResult
from playlista.library.files import KnownFile
from playlista.library.health_report import read_findings
from playlista.library.scrubs import Scrubs
from playlista.tracks import TrackFile
from tests.daemon.scrubs import DAY, add, looking, rot, rotted, scrubber_of
from tests.decode.encoded_files import song
from tests.libraries import Parts, open_parts

GENEROUS_SECONDS = 60.0


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    (tmp_path / "data").mkdir()
    with open_parts(tmp_path / "data", synced=False) as opened:
        opened.clock.now = time.time() + 1
        yield opened


@pytest.fixture
def music(tmp_path: Path) -> Path:
    return tmp_path / "music"


def test_what_rotted_is_named_and_nothing_else(parts: Parts, music: Path) -> None:
    places = [add(parts, music, f"{number:03}.mp3", os.urandom(5000 + number)) for number in range(60)]
    for place in places[::20]:
        rot(place, parts)
    scrubber, registry = scrubber_of(parts, music)
    with capture_logs() as logs:
        scrubber.look()
    assert rotted(parts) == ["000.mp3", "020.mp3", "040.mp3"]
    assert sorted(entry["path"] for entry in logs if entry["event"] == "file.rotted") == rotted(parts)
    assert registry.get_sample_value("playlista_scrub_files_total", {"result": "rotted"}) == 3
    assert registry.get_sample_value("playlista_scrub_files_total", {"result": "sound"}) == 57
    assert registry.get_sample_value("playlista_scrub_bytes_total") == sum(place.stat().st_size for place in places)


@pytest.mark.parametrize("position", [0, 4999, 1024 * 1024, 2 * 1024 * 1024 + 4096, 2_999_999])
def test_a_single_bit_at_any_place_is_found(position: int, parts: Parts, music: Path) -> None:
    """The strong hash covers the head of each MiB alone; the CRC-32 covers every bit."""
    place = add(parts, music, "a.wav", os.urandom(3_000_000))
    rot(place, parts, at=position)
    scrubber_of(parts, music)[0].look()
    assert rotted(parts) == ["a.wav"]


def test_the_stored_result_stays_and_a_retry_accepts_the_change(parts: Parts, music: Path) -> None:
    place = add(parts, music, "a.mp3", os.urandom(5000))
    known = parts.library.get("a.mp3")
    assert known is not None
    before = parts.store.of_file(known.file_id)
    rot(place, parts)
    scrubber_of(parts, music)[0].look()
    assert parts.store.of_file(known.file_id) == before
    assert parts.queue.claim() is None
    add(parts, music, "a.mp3", place.read_bytes())
    assert rotted(parts) == []


def test_a_rotted_file_is_not_analyzed_anew_for_a_newer_version(parts: Parts, music: Path) -> None:
    place = add(parts, music, "a.mp3", os.urandom(5000))
    add(parts, music, "b.mp3", os.urandom(5000))
    rot(place, parts)
    scrubber_of(parts, music)[0].look()
    pages = parts.store.outdated(lambda _versions, _settings: frozenset({"rhythm"}))
    assert [file.path for _groups, files in pages for file in files] == ["b.mp3"]


def test_a_file_that_was_brought_back_has_not_rotted_any_more(parts: Parts, music: Path) -> None:
    place = add(parts, music, "a.mp3", content := os.urandom(5000))
    rot(place, parts)
    scrubber_of(parts, music)[0].look()
    rot(place, parts)  # the same bit once more
    assert place.read_bytes() == content
    parts.clock.now += 2 * DAY
    scrubber_of(parts, music)[0].look()
    assert rotted(parts) == []


def test_a_file_that_was_brought_back_with_a_new_time_is_sound_again(parts: Parts, music: Path) -> None:
    place = add(parts, music, "a.mp3", content := os.urandom(5000))
    rot(place, parts)
    scrubber_of(parts, music)[0].look()
    assert [one.path for one in read_findings(parts.database, only={"rotted"})] == ["a.mp3"]
    place.write_bytes(content)
    os.utime(place, ns=(0, 10**18))
    seen = TrackFile.from_stat("a.mp3", place.stat())
    parts.queue.enqueue([seen], "scan")
    comparisons = Comparisons(parts.database, parts.store)
    (comparison,) = comparisons.due(1)
    comparisons.settle([KeptResult(comparison, seen, hash_file(str(place)), None)], [])
    assert rotted(parts) == []
    assert list(read_findings(parts.database, only={"rotted"})) == []


def test_what_rotted_is_said_once(parts: Parts, music: Path) -> None:
    rot(add(parts, music, "a.mp3", os.urandom(5000)), parts)
    scrubber_of(parts, music)[0].look()
    parts.clock.now += 2 * DAY
    with capture_logs() as logs:
        scrubber_of(parts, music)[0].look()
    assert [entry for entry in logs if entry["event"] == "file.rotted"] == []
    assert rotted(parts) == ["a.mp3"]


def test_a_file_with_another_time_stamp_is_left_to_the_scan(parts: Parts, music: Path) -> None:
    place = add(parts, music, "a.mp3", os.urandom(5000))
    rot(place, parts, hides_ctime=False)
    os.utime(place)
    os.utime(place, ns=(0, place.stat().st_mtime_ns + 10**9))
    scrubber, registry = scrubber_of(parts, music)
    scrubber.look()
    assert rotted(parts) == []
    assert registry.get_sample_value("playlista_scrub_files_total", {"result": "changed"}) == 1


def test_a_file_that_is_gone_ends_no_pass(parts: Parts, music: Path) -> None:
    add(parts, music, "a.mp3", os.urandom(5000)).unlink()
    add(parts, music, "b.mp3", os.urandom(5000))
    scrubber_of(parts, music)[0].look()
    assert Scrubs(parts.database).progress().finished_at == parts.clock.now


def test_a_bit_in_the_tags_is_told_from_one_in_the_audio(parts: Parts, music: Path, tmp_path: Path) -> None:
    content = song(tmp_path, "flac").read_bytes()
    in_tags, in_audio = add(parts, music, "tags.flac", content), add(parts, music, "audio.flac", content + bytes(1))
    rot(in_tags, parts, at=content.index(b"A title"))
    rot(in_audio, parts)
    scrubber_of(parts, music)[0].look()
    assert {one.path: one.detail for one in Scrubs(parts.database).rotted()} == {
        "tags.flac": TAGS_ROTTED,
        "audio.flac": AUDIO_ROTTED,
    }


def test_a_change_behind_the_same_size_and_time_is_read_first_and_named(parts: Parts, music: Path) -> None:
    """Only the ctime tells that somebody wrote to the file: it is not analyzed as if that had been meant."""
    place = add(parts, music, "a.mp3", os.urandom(5000))
    rot(place, parts, hides_ctime=False)
    present = TrackFile.from_stat("a.mp3", place.stat())
    assert Scrubs(parts.database).mark_suspects([present, replace(present, path="new.mp3")]) == [
        replace(present, path="new.mp3")
    ]
    scrubber_of(parts, music)[0].look()
    assert rotted(parts) == ["a.mp3"]
    assert Scrubs(parts.database).mark_suspects([present]) == [present]  # the scan does not find it changed any more


def test_a_program_that_writes_tags_and_keeps_the_time_is_no_rot(parts: Parts, music: Path, tmp_path: Path) -> None:
    place = add(parts, music, "a.flac", content := song(tmp_path, "flac").read_bytes())
    rot(place, parts, at=content.index(b"A title"), hides_ctime=False)
    present = TrackFile.from_stat("a.flac", place.stat())
    Scrubs(parts.database).mark_suspects([present])
    changed: list[TrackFile] = []
    scrubber_of(parts, music, changed=changed.append)[0].look()
    assert rotted(parts) == []
    assert changed == [present]
    assert Scrubs(parts.database).suspects(10) == []


def test_a_touched_file_is_read_and_left_alone(parts: Parts, music: Path) -> None:
    place = add(parts, music, "a.mp3", os.urandom(5000))
    place.chmod(0o600)
    present = TrackFile.from_stat("a.mp3", place.stat())
    assert Scrubs(parts.database).mark_suspects([present]) == []
    scrubber_of(parts, music)[0].look()
    known = parts.library.get("a.mp3")
    assert known is not None
    assert known.file.ctime_ns == present.ctime_ns
    assert rotted(parts) == []


def test_a_storage_that_fails_blames_nobody_and_is_tried_again(
    parts: Parts, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(parts, music, "a.mp3", os.urandom(5000))
    add(parts, music, "b.mp3", os.urandom(5000))

    class Failing(FileHashing):
        def step(self) -> int:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(scrub_file_module, "FileHashing", Failing)
    monkeypatch.setattr("playlista.daemon.scrubber.STORAGE_RETRY_SECONDS", 0.0)
    scrubber, registry = scrubber_of(parts, music)
    scrubber.look()
    assert rotted(parts) == []
    assert registry.get_sample_value("playlista_scrub_files_total", {"result": "unread"}) > 0
    assert Scrubs(parts.database).progress().finished_at is None
    monkeypatch.undo()
    scrubber.look()
    assert Scrubs(parts.database).progress().scrubbed == 2
    assert Scrubs(parts.database).progress().finished_at is not None


def test_a_pass_goes_on_after_a_restart_where_it_was(parts: Parts, music: Path) -> None:
    for number in range(5):
        add(parts, music, f"{number}.mp3", os.urandom(5000))
    allowed = iter([True] * 6)
    first, registry = scrubber_of(parts, music, may_read=lambda: next(allowed, False))
    thread = looking(first)
    deadline = time.monotonic() + GENEROUS_SECONDS
    while registry.get_sample_value("playlista_scrub_files_total", {"result": "sound"}) != 3:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    first.stop()
    thread.join(GENEROUS_SECONDS)
    assert Scrubs(parts.database).progress().scrubbed == 3
    second, registry = scrubber_of(parts, music)
    second.look()
    assert registry.get_sample_value("playlista_scrub_files_total", {"result": "sound"}) == 2
    assert Scrubs(parts.database).progress().finished_at is not None


def test_the_next_pass_begins_when_the_interval_is_over(parts: Parts, music: Path) -> None:
    add(parts, music, "a.mp3", os.urandom(5000))
    for later, reads in ((0.0, 1), (DAY / 2, 0), (DAY, 1)):
        parts.clock.now += later
        scrubber, registry = scrubber_of(parts, music)
        scrubber.look()
        assert registry.get_sample_value("playlista_scrub_files_total", {"result": "sound"}) == reads


def test_reading_holds_its_limit(parts: Parts, music: Path) -> None:
    """4 MB at 4 MB/s take a second at least, however they lie in files."""
    for number in range(4):
        add(parts, music, f"{number}.mp3", os.urandom(1_000_000))
    scrubber, _ = scrubber_of(parts, music, bytes_per_second=4e6)
    began = time.monotonic()
    scrubber.look()
    assert time.monotonic() - began >= 0.99


def test_it_reads_nothing_while_the_worker_has_something_to_do(parts: Parts, music: Path) -> None:
    add(parts, music, "a.mp3", os.urandom(5000))
    scrubber, registry = scrubber_of(parts, music, may_read=lambda: False)
    thread = looking(scrubber)
    time.sleep(0.5)
    scrubber.stop()
    thread.join(GENEROUS_SECONDS)
    assert registry.get_sample_value("playlista_scrub_bytes_total") == 0


def test_a_moved_file_keeps_its_scrub_and_a_forgotten_one_loses_it(parts: Parts, music: Path) -> None:
    place = add(parts, music, "a.mp3", os.urandom(5000))
    rot(place, parts)
    scrubber_of(parts, music)[0].look()
    known = parts.library.get("a.mp3")
    assert known is not None
    parts.library.move([(known.file_id, replace(known.file, path="b.mp3"))])
    assert rotted(parts) == ["b.mp3"]
    parts.library.forget([KnownFile(known.file_id, known.file).file_id])
    with parts.database.read() as connection:
        assert connection.execute("SELECT count(*) FROM scrubs").fetchone()[0] == 0
