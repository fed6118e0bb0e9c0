"""A library that another machine made: its decoder gave other last bits, and nothing is analyzed again for that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from mutagen.id3 import ID3, TIT2

from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.config import Settings
from playlista.decode.content import hash_file
from playlista.library.comparisons import Comparisons
from playlista.tracks import TrackFile
from playlista.tracks.origin import Origin
from tests import signals
from tests.daemon.test_reuse import Counting, work
from tests.daemon.workers import worker_of
from tests.libraries import Parts, open_parts

ANOTHER = b"another machine!"
GROUPS = ["fingerprint", "health", "loudness", "rhythm", "spectral", "tonal"]


def analyzer() -> Counting:
    return Counting(Settings(musicnn_runtime="off"))


def decoded_elsewhere(parts: Parts, *, knows_encoded: bool = True) -> None:
    """Let all results say what a decoder of another processor made of the same files."""
    with parts.database.transaction() as connection:
        connection.execute("UPDATE origins SET sound = ?, opening = ?", (ANOTHER, ANOTHER))
        connection.execute("UPDATE analyses SET result = json_set(result, '$.music_hash', ?)", (ANOTHER.hex(),))
        connection.execute("UPDATE analyses SET music_hash = ?", (ANOTHER.hex(),))
        if not knows_encoded:
            connection.execute("UPDATE origins SET encoded_kind = NULL, encoded = NULL")


def retag(path: Path, title: str = "another name") -> None:
    tags = ID3()
    tags.add(TIT2(encoding=3, text=[title]))
    tags.save(path, v1=2)


@pytest.mark.parametrize("suffix", ["mp3", "ogg", "flac"])
def test_a_retag_and_a_move_on_another_machine_keep_the_result_and_decode_nothing(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, moved = f"a.{suffix}", f"b.{suffix}"
    signals.write(tmp_path / name, signals.song(6))
    with open_parts(tmp_path) as parts:
        counting = analyzer()
        assert work(parts, tmp_path, counting, name) == [(name, GROUPS)]
        decoded_elsewhere(parts)
        monkeypatch.setattr(AudioAnalyzer, "identify", None)  # nothing may be decoded for its hash
        retag(tmp_path / name)
        assert work(parts, tmp_path, counting, name) == []
        (tmp_path / name).rename(tmp_path / moved)
        retag(tmp_path / moved, "a third name")
        assert work(parts, tmp_path, counting, moved) == []
        first, second = parts.store.get(name), parts.store.get(moved)
    assert first is not None
    assert second is not None
    assert second.rhythm == first.rhythm
    assert second.origin.sound == ANOTHER
    assert second.origin.content == hash_file(str(tmp_path / moved)).content != first.origin.content


def test_another_version_of_one_group_computes_that_group_alone(tmp_path: Path) -> None:
    signals.write(tmp_path / "a.mp3", signals.song(6))
    with open_parts(tmp_path) as parts:
        work(parts, tmp_path, analyzer(), "a.mp3")
        decoded_elsewhere(parts)
        counting = analyzer()
        parts.queue.enqueue(
            [TrackFile.from_stat("a.mp3", (tmp_path / "a.mp3").stat())], "outdated", groups=frozenset({"rhythm"})
        )
        worker_of(parts, tmp_path, counting).run(until_empty=True)
        result = parts.store.get("a.mp3")
    assert counting.computed == [("a.mp3", ["rhythm"])]
    assert result is not None
    assert sorted(result.versions) == GROUPS


def test_a_result_without_it_learns_it_from_an_idle_worker_that_decodes_nothing(tmp_path: Path) -> None:
    signals.write(tmp_path / "a.mp3", signals.song(6))
    with open_parts(tmp_path) as parts:
        counting = analyzer()
        work(parts, tmp_path, counting, "a.mp3")
        decoded_elsewhere(parts, knows_encoded=False)
        worker = worker_of(parts, tmp_path, counting)
        worker._idle()
        found = parts.store.get("a.mp3")
        read = hash_file(str(tmp_path / "a.mp3"))
        assert found is not None
        assert found.origin == replace(read, sound=ANOTHER, opening=ANOTHER)
        assert Comparisons(parts.database, parts.store).without_hashes(0) == ([], None)
        retag(tmp_path / "a.mp3")
        assert work(parts, tmp_path, counting, "a.mp3") == []


def test_the_encoded_audio_of_other_bytes_is_never_given_to_a_result(tmp_path: Path) -> None:
    signals.write(tmp_path / "a.mp3", signals.song(6))
    with open_parts(tmp_path) as parts:
        work(parts, tmp_path, analyzer(), "a.mp3")
        decoded_elsewhere(parts, knows_encoded=False)
        seen = TrackFile.from_stat("a.mp3", (tmp_path / "a.mp3").stat())
        other = Origin(b"other bytes", encoded_kind="mpeg/1", encoded=b"other audio")
        Comparisons(parts.database, parts.store).note_hashes([(1, seen, other)])
        found = parts.store.get("a.mp3")
    assert found is not None
    assert found.origin.encoded is None


def test_filling_gives_way_to_other_work_and_goes_on_where_it_was(tmp_path: Path) -> None:
    names = [f"{letter}.flac" for letter in "abc"]
    for seed, name in enumerate(names):
        signals.write(tmp_path / name, signals.song(2, seed=seed))
    with open_parts(tmp_path) as parts:
        counting = analyzer()
        work(parts, tmp_path, counting, *names)
        decoded_elsewhere(parts, knows_encoded=False)
        worker = worker_of(parts, tmp_path, counting)
        comparisons = Comparisons(parts.database, parts.store)
        worker._wake.set()
        worker._idle()
        assert not worker._wake.is_set()
        assert len(comparisons.without_hashes(0)[0]) == 3
        worker._idle()
        assert comparisons.without_hashes(0) == ([], None)


def test_a_cut_or_failed_result_is_not_lent_to_other_bytes(tmp_path: Path) -> None:
    signals.write(tmp_path / "a.mp3", signals.song(6))
    with open_parts(tmp_path) as parts:
        work(parts, tmp_path, analyzer(), "a.mp3")
        with parts.database.transaction() as connection:
            connection.execute("UPDATE analyses SET result = json_set(result, '$.status', 'partial')")
        retag(tmp_path / "a.mp3")
        assert [name for name, _ in work(parts, tmp_path, analyzer(), "a.mp3")] == ["a.mp3"]


def test_a_retag_that_leaves_the_size_is_settled_with_the_comparisons_of_bytes(tmp_path: Path) -> None:
    signals.write(tmp_path / "a.mp3", signals.song(6))
    retag(tmp_path / "a.mp3", "one")
    with open_parts(tmp_path) as parts:
        counting = analyzer()
        work(parts, tmp_path, counting, "a.mp3")
        decoded_elsewhere(parts)
        size = (tmp_path / "a.mp3").stat().st_size
        retag(tmp_path / "a.mp3", "two")
        assert (tmp_path / "a.mp3").stat().st_size == size
        parts.queue.enqueue([TrackFile.from_stat("a.mp3", (tmp_path / "a.mp3").stat())], "scan")
        assert worker_of(parts, tmp_path, counting)._comparer.compare() == 1
        found = parts.store.get("a.mp3")
    assert found is not None
    assert found.origin == replace(hash_file(str(tmp_path / "a.mp3")), sound=ANOTHER, opening=ANOTHER)
