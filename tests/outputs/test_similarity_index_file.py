"""The index of similar tracks, kept in a file and put back: it answers as the one that was made from the library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from playlista.library.vectors import Vectors
from playlista.outputs.similarity import FILE_NAME, engine
from playlista.outputs.similarity.engine import Similarity
from playlista.outputs.similarity.index import Index
from playlista.outputs.similarity.index_file import KeptIndex, read_index, write_index
from tests.libraries import Parts, open_parts
from tests.outputs.test_similarity import DIMENSIONS, clusters, store


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    with open_parts(tmp_path, synced=False) as opened:
        yield opened


def made_index(parts: Parts) -> Index:
    index = Index(Vectors(parts.database))
    index.refresh()
    return index


def taken_out(parts: Parts) -> KeptIndex:
    kept = made_index(parts).take_out()
    assert kept is not None
    return kept


def put_back(parts: Parts, kept: KeptIndex) -> Index | None:
    index = Index(Vectors(parts.database))
    return index if index.put_back(kept) else None


def nearest(similarity: Similarity, file_id: int) -> list[tuple[int, float]]:
    return [(one.file_id, one.similarity) for one in similarity.nearest(file_id, most=10)]


def test_a_kept_index_gives_the_answers_of_the_one_that_was_made(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LEAST_UNSAVED", 40)
    ids = [one for kind in clusters(parts).values() for one in kind]
    made = Similarity(parts.database, data_dir=tmp_path).make()
    assert (tmp_path / FILE_NAME).exists()
    monkeypatch.setattr(Index, "_fit", lambda _self: pytest.fail("the embeddings were read again"))
    kept = Similarity(parts.database, data_dir=tmp_path).make()
    assert [nearest(kept, one) for one in ids] == [nearest(made, one) for one in ids]
    assert all(np.array_equal(*pair) for pair in zip(kept.points(), made.points(), strict=True))


def test_the_file_holds_all_of_an_index(parts: Parts, tmp_path: Path) -> None:
    clusters(parts)
    kept = taken_out(parts)
    write_index(str(tmp_path / FILE_NAME), kept)
    read = read_index(str(tmp_path / FILE_NAME))
    assert read is not None
    assert (read.place, read.fitted, read.space.dimensions) == (kept.place, kept.fitted, DIMENSIONS)
    assert np.array_equal(read.space.basis, kept.space.basis)
    assert all(np.array_equal(getattr(read, name), getattr(kept, name)) for name in ("ids", "codes", "points"))


def test_what_was_analyzed_since_is_read(parts: Parts) -> None:
    clusters(parts)
    kept = taken_out(parts)
    new = store(parts, "new.mp3", np.random.default_rng(9).normal(size=DIMENSIONS))
    index = put_back(parts, kept)
    assert index is not None
    index.refresh()
    assert index.unsaved == 1
    assert new in index.points()[0]


def test_the_index_of_another_library_is_not_taken(parts: Parts, tmp_path: Path) -> None:
    clusters(parts)
    kept = taken_out(parts)
    (tmp_path / "other").mkdir()
    with open_parts(tmp_path / "other", synced=False) as others:
        chance = np.random.default_rng(5)
        for number in range(48):
            store(others, f"{number}.mp3", chance.normal(size=DIMENSIONS))
        assert put_back(others, kept) is None


def test_a_library_that_outgrew_its_index_is_measured_anew(parts: Parts) -> None:
    clusters(parts)
    kept = taken_out(parts)
    grown = KeptIndex(kept.space, kept.ids, kept.codes, kept.points, kept.place, fitted=len(kept.ids) // 3)
    assert put_back(parts, grown) is None


def test_embeddings_of_another_length_are_not_mixed_with_kept_ones(parts: Parts) -> None:
    clusters(parts)
    kept = taken_out(parts)
    store(parts, "other.mp3", np.ones(100))
    assert put_back(parts, kept) is None


def test_what_is_kept_has_no_track_without_a_result_and_each_that_has_one(parts: Parts) -> None:
    ids = [one for kind in clusters(parts).values() for one in kind]
    index = made_index(parts)
    parts.clock.now -= 10_000  # the clock went back before this one was finished
    late = store(parts, "late.mp3", np.random.default_rng(9).normal(size=DIMENSIONS))
    with parts.database.transaction() as connection:
        connection.execute("DELETE FROM analyses WHERE file_id = ?", (ids[0],))
    kept = index.take_out()
    assert kept is not None
    assert sorted(kept.ids.tolist()) == sorted([*ids[1:], late])


@pytest.mark.parametrize("damage", [lambda content: content[:-100], lambda _: b"", lambda _: b"{}", lambda _: b"PK"])
def test_a_damaged_file_is_none(parts: Parts, tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    ids = clusters(parts)[0]
    file = tmp_path / FILE_NAME
    write_index(str(file), taken_out(parts))
    file.write_bytes(damage(file.read_bytes()))
    assert read_index(str(file)) is None
    assert nearest(Similarity(parts.database, data_dir=tmp_path).make(), ids[0])


def test_a_byte_that_is_wrong_in_the_list_of_its_members_costs_no_more_than_the_file(
    parts: Parts, tmp_path: Path
) -> None:
    clusters(parts)
    file = tmp_path / FILE_NAME
    write_index(str(file), taken_out(parts))
    whole = file.read_bytes()
    members = whole.index(b"PK\x01\x02")
    for place in range(members, members + 46):  # the fixed part of the first entry
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        read_index(str(file))  # one of these is the time of the member, of which nothing depends


def test_a_file_of_another_version_is_none(parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clusters(parts)
    file = str(tmp_path / FILE_NAME)
    write_index(file, taken_out(parts))
    monkeypatch.setattr("playlista.outputs.similarity.index_file._FORMAT", 2)
    assert read_index(file) is None


def test_a_folder_that_cannot_be_written_is_no_trouble(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LEAST_UNSAVED", 40)
    ids = clusters(parts)[0]
    assert nearest(Similarity(parts.database, data_dir=tmp_path / "missing").make(), ids[0])


def test_a_small_library_keeps_no_file(parts: Parts, tmp_path: Path) -> None:
    clusters(parts)
    Similarity(parts.database, data_dir=tmp_path).make()
    assert not (tmp_path / FILE_NAME).exists()
