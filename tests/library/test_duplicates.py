"""The duplicates of a library: found by the finder, kept while files come and go, told with the best copy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from playlista.daemon.copy_finder import CopyFinder
from playlista.library.best_copy import Copy, best_of
from playlista.library.copies import Copies, count_due_copies
from playlista.library.duplicates import Duplicates
from playlista.library.gone_files import GoneFiles, take_up
from playlista.tracks import Analysis, Audio, Fingerprint, Status
from playlista.tracks.fingerprint import fingerprint_of
from playlista.tracks.metadata import Metadata
from playlista.tracks.origin import Origin
from tests.libraries import Parts, analysis_of, open_parts, track_file

LEVELS = np.full((60, 8), 1e-3)


def numbers(seed: int) -> NDArray[np.uint32]:
    """Sub-fingerprints of two minutes of some recording."""
    return np.random.default_rng(seed).integers(0, 2**32, 948, dtype=np.uint32)


def with_errors(values: NDArray[np.uint32], share: float, seed: int = 1) -> NDArray[np.uint32]:
    """`values` with this share of their bits turned over."""
    turned = np.random.default_rng(seed).random((len(values), 32)) < share
    return np.asarray(values ^ np.packbits(turned, axis=1).view(">u4").astype(np.uint32)[:, 0])


def result(
    path: str,
    fingerprint: Fingerprint | None,
    origin: Origin | None = None,
    form: str = "MP3",
    metadata: Metadata | None = None,
) -> Analysis:
    audio = Audio(180.0, 180.0, 180.0, 44100, 2, form, truncated=False)
    analysis = replace(analysis_of(path, music_hash=path), audio=audio, fingerprint=fingerprint, metadata=metadata)
    return replace(analysis, origin=origin or Origin())


def add(parts: Parts, path: str, fingerprint: Fingerprint | None, **more: object) -> int:
    """A file with such a result; its id."""
    parts.queue.enqueue([track_file(path)], "scan")
    with parts.database.read() as connection:
        file_id = int(connection.execute("SELECT id FROM files WHERE path = ?", (path.encode(),)).fetchone()[0])
    parts.store.record(file_id, result(path, fingerprint, **more), attempts=1)  # type: ignore[arg-type]
    return file_id


def heard(seed: int, share: float = 0.0) -> Fingerprint:
    return fingerprint_of(with_errors(numbers(seed), share, seed + 1), LEVELS)


def find(parts: Parts) -> list[set[str]]:
    """The paths of each recording that is there more than once, after all that was due was looked for."""
    assert not CopyFinder(parts.database, stop=lambda: False).find(600)
    assert count_due_copies(parts.database) == 0
    return [{copy.path for copy in one.copies} for one in Duplicates(parts.database).iterate()]


def test_copies_are_found_whatever_their_order_and_others_are_not(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        for name, fingerprint in {
            "a.flac": heard(1), "b.flac": heard(2), "a.mp3": heard(1, 0.03), "c.mp3": heard(3), "a.ogg": heard(1, 0.06),
        }.items():  # fmt: skip
            add(parts, name, fingerprint)
        assert find(parts) == [{"a.flac", "a.mp3", "a.ogg"}]
        add(parts, "b.mp3", heard(2, 0.05))
        assert find(parts) == [{"a.flac", "a.mp3", "a.ogg"}, {"b.flac", "b.mp3"}]


def test_a_copy_of_two_recordings_makes_them_one(tmp_path: Path) -> None:
    """Two that are damaged at different ends have too little in common; the whole one has enough of both."""
    values, bad, third = numbers(1), with_errors(numbers(1), 0.3), 948 // 3
    with open_parts(tmp_path) as parts:
        add(parts, "1.mp3", fingerprint_of(np.concatenate([bad[:third], values[third:]]), LEVELS))
        add(parts, "2.mp3", fingerprint_of(np.concatenate([values[:-third], bad[-third:]]), LEVELS))
        assert find(parts) == []  # a fifth of the bits differ
        add(parts, "whole.flac", fingerprint_of(values, LEVELS))
        assert find(parts) == [{"1.mp3", "2.mp3", "whole.flac"}]


def test_what_lies_between_two_masters_does_not_make_them_one(tmp_path: Path) -> None:
    """A poor encoding has half of the balance of another master, 0.9 dB in three bands: it fits both, they do not."""
    tilt = np.array([0.0] * 5 + [0.9] * 3) / 10
    music = LEVELS * 10 ** np.random.default_rng(1).uniform(0, 1, (60, 1))  # so that steps of a level even out
    with open_parts(tmp_path) as parts:
        for name, share in (("a.flac", 0.0), ("a.mp3", 0.0), ("a.poor.ogg", 0.5), ("remaster.flac", 1.0)):
            add(parts, name, fingerprint_of(with_errors(numbers(1), 0.02, len(name)), music * 10 ** (share * tilt)))
        assert find(parts) == [{"a.flac", "a.mp3", "a.poor.ogg"}]


def test_another_balance_of_the_bands_is_no_copy(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        add(parts, "a.mp3", heard(1))
        add(parts, "remaster.mp3", fingerprint_of(numbers(1), LEVELS * 10 ** (np.arange(8) / 10)))
        assert find(parts) == []
        add(parts, "louder.mp3", fingerprint_of(numbers(1), LEVELS * 4))
        assert find(parts) == [{"a.mp3", "louder.mp3"}]


def test_the_same_sound_is_the_same_without_a_fingerprint(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        for name in ("short.wav", "short.flac"):
            add(parts, name, None, origin=Origin(content=name.encode(), encoded=b"the same"))
        add(parts, "other.wav", None, origin=Origin(content=b"other", encoded=b"another"))
        assert find(parts) == [{"short.wav", "short.flac"}]


def test_a_recording_with_the_same_sound_twice_is_told_apart(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        add(parts, "a.flac", heard(1), origin=Origin(sound=b"1"))
        add(parts, "b.flac", heard(1), origin=Origin(sound=b"1"))
        add(parts, "c.mp3", heard(1, 0.02), origin=Origin(sound=b"2"))
        add(parts, "d.flac", heard(4), origin=Origin(sound=b"4"))
        add(parts, "e.mp3", heard(4, 0.02), origin=Origin(sound=b"5"))
        assert len(find(parts)) == 2
        (same,) = Duplicates(parts.database).page(same_audio=True)
        assert {copy.path: copy.same_audio for copy in same.copies} == {"a.flac": 1, "b.flac": 1, "c.mp3": 2}


def test_a_file_that_goes_or_changes_leaves_its_recording_and_one_that_returns_is_found_again(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        first, second, _third = (add(parts, name, heard(1)) for name in ("a.mp3", "b.mp3", "c.mp3"))
        find(parts)
        GoneFiles(parts.database).keep([first], now=parts.clock())
        assert find(parts) == [{"b.mp3", "c.mp3"}]
        parts.store.record(second, result("b.mp3", heard(9)), attempts=1)
        assert find(parts) == []
        parts.store.record(second, result("b.mp3", heard(1)), attempts=1)
        assert find(parts) == [{"b.mp3", "c.mp3"}]
        with parts.database.transaction() as connection:
            take_up(connection, first, track_file("a again.mp3"))
        assert find(parts) == [{"a again.mp3", "b.mp3", "c.mp3"}]
        parts.library.forget([first])
        with parts.database.read() as connection:
            assert connection.execute("SELECT count(*) FROM fingerprints").fetchone()[0] == 2


def test_a_folder_and_a_file_narrow_the_list(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        ids = [
            add(parts, name, heard(seed))
            for name, seed in (("x/a.mp3", 1), ("y/a.mp3", 1), ("x/b.mp3", 2), ("z/b.mp3", 2))
        ]
        find(parts)
        duplicates = Duplicates(parts.database)
        assert len(duplicates.page(path="x")) == 2
        assert len(duplicates.page(path="y")) == len(duplicates.page(path="z/b.mp3")) == 1
        assert duplicates.page(path="w") == []
        (one,) = duplicates.page(file_id=ids[3])
        assert {copy.id for copy in one.copies} == {ids[2], ids[3]}
        first, second = duplicates.page(limit=1), duplicates.page(limit=1, after=1)
        assert [one.number for one in first + second] == [1, 2]
        assert duplicates.counts().recordings == 2
        assert duplicates.counts().tracks == 4


def test_many_copies_stay_one_recording_and_the_answer_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playlista.library.duplicates.MOST_COPIES", 5)
    with open_parts(tmp_path, synced=False) as parts:
        for number in range(8):
            add(parts, f"{number:03}.mp3", heard(1, 0.01))
        find(parts)
        (one,) = Duplicates(parts.database).page()
        assert (one.count, len(one.copies)) == (8, 5)


def test_a_file_that_is_there_a_thousand_times_is_compared_with_few(tmp_path: Path) -> None:
    assert steps_among(tmp_path / "many", 1000) < 1.2 * steps_among(tmp_path / "few", 100)


def steps_among(folder: Path, count: int) -> int:
    """Tens of steps that the database takes to find copies in a library of `count` files with the same bytes."""
    folder.mkdir()
    origin = Origin(b"same bytes", encoded_kind="wav", encoded=b"same audio")
    steps: list[None] = []
    with open_parts(folder, synced=False) as parts:
        paths = [f"{number}.wav" for number in range(count)]
        parts.queue.enqueue(map(track_file, paths), "scan")
        for file_id, path in enumerate(paths, start=1):
            parts.store.record(file_id, result(path, None, origin), attempts=1)
        with parts.database.read() as connection:
            connection.set_progress_handler(lambda: steps.append(None), 10)
            assert len(Copies(parts.database).same(count // 2)) == 64
            connection.set_progress_handler(None, 0)
    return len(steps)


def test_an_unreadable_fingerprint_finds_nothing_and_stops_nothing(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        add(parts, "a.mp3", heard(1))
        add(parts, "b.mp3", heard(1))
        with parts.database.transaction() as connection:
            connection.execute("UPDATE fingerprints SET chromaprint = x'01000009'")
        assert find(parts) == []


def test_a_stop_leaves_the_rest_due(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        for number in range(5):
            add(parts, f"{number}.mp3", heard(1))
        asked = iter([False, False, True, True])
        CopyFinder(parts.database, stop=lambda: next(asked)).find(600)
        assert count_due_copies(parts.database) == 3
        assert len(find(parts)) == 1


COPY = Copy(1, "b.mp3", 3_000_000, "MP3", 180.0, 44100, 2, is_whole=True, clipped_runs=0, lossy_suspicion=None, named=5)


@pytest.mark.parametrize(
    ("better", "why"),
    [
        ({"format": "FLAC", "size_bytes": 20_000_000}, "lossless"),
        ({"duration_seconds": 190.0, "size_bytes": 3_200_000}, "longer"),
        ({"sample_rate_hz": 48000}, "higher sample rate"),
        ({"channels": 6}, "more channels"),
        ({"size_bytes": 6_000_000}, "higher bit rate"),
        ({"format": "OPUS"}, "higher bit rate"),
        ({"named": 8}, "more tags"),
        ({"path": "a.mp3"}, "as good as the others"),
    ],
)
def test_the_best_copy_is_named_with_what_sets_it_apart(better: dict[str, object], why: str) -> None:
    best = replace(COPY, **{"id": 2, "path": "c.mp3"} | better)  # type: ignore[arg-type]
    assert best_of([COPY, best]) == best_of([best, COPY]) == (best, why)


@pytest.mark.parametrize("name", ["FLAC", "PCM_S16LE", "VOC", "DSD_LSBF_PLANAR"])
def test_formats_that_lose_nothing_are_lossless(name: str) -> None:
    assert replace(COPY, format=name).is_lossless
    assert not COPY.is_lossless


def test_names_that_were_taken_from_the_path_are_no_tags(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        for path in ("Artist/Album/01 Title.mp3", "Artist/Album/Other/01 Title.mp3"):
            add(parts, path, heard(1), metadata=Metadata().completed(path))
        find(parts)
        (found,) = Duplicates(parts.database).page()
        assert [copy.named for copy in found.copies] == [0, 0]


def test_what_is_damaged_clipped_or_only_looks_lossless_is_not_the_best() -> None:
    for worse in ({"is_whole": False, "format": "FLAC"}, {"clipped_runs": 9, "named": 8}):
        assert best_of([replace(COPY, path="a", **worse), COPY])[0] == COPY
    lossless = replace(COPY, format="FLAC", size_bytes=20_000_000)
    fake = replace(lossless, path="a", lossy_suspicion=0.9, sample_rate_hz=96000)
    assert best_of([fake, lossless])[0] == lossless


def test_results_without_a_fingerprint_lose_the_former_one(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        file_id = add(parts, "a.mp3", heard(1))
        stored = parts.store.of_file(file_id)
        assert stored is not None
        assert stored.fingerprint == heard(1)
        assert next(parts.results()).fingerprint == heard(1)
        parts.store.record(file_id, replace(stored, fingerprint=None, status=Status.PARTIAL), attempts=1)
        with parts.database.read() as connection:
            assert connection.execute("SELECT count(*) FROM fingerprint_keys").fetchone()[0] == 0


def test_what_only_looks_lossless_is_not_better_than_a_lossy_file_for_its_bit_rate() -> None:
    fake = replace(COPY, path="a.flac", format="FLAC", size_bytes=20_000_000, lossy_suspicion=0.9)
    assert best_of([fake, COPY]) == (COPY, "not made from a lossy file")


def test_opus_is_not_better_for_the_rate_that_it_always_has() -> None:
    opus = replace(COPY, path="a.opus", format="OPUS", sample_rate_hz=48_000, size_bytes=COPY.size_bytes // 2)
    assert best_of([opus, COPY]) == (COPY, "higher bit rate")
    narrow = replace(COPY, path="b.mp3", sample_rate_hz=22_050)
    assert best_of([narrow, COPY]) == (COPY, "higher sample rate")
