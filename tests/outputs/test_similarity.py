"""Similar tracks, ways, mixtures and the map, against libraries whose answer is known."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from playlista.library.track_summaries import TrackLookup
from playlista.library.vectors import Vectors
from playlista.outputs.similarity.engine import NotComparableError, Similarity
from playlista.outputs.similarity.index import BLOCK_ROWS, Index
from playlista.outputs.similarity.listing import listed
from playlista.outputs.similarity.space import CODE_LENGTH, Space
from playlista.tracks import Spectral
from tests.libraries import Parts, analysis_of, open_parts, track_file

DIMENSIONS = 200


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    with open_parts(tmp_path, synced=False) as opened:
        yield opened


def store(parts: Parts, path: str, embedding: np.ndarray, spectral: Spectral | None = None) -> int:
    """Keep a track with this embedding and spectrum, whose other descriptors are unknown; its id."""
    analysis = analysis_of(path)
    assert analysis.tagging is not None
    tagging = replace(analysis.tagging, embedding=tuple(map(float, embedding)))
    parts.queue.enqueue([track_file(path)], "retry")
    job = parts.queue.claim()
    assert job is not None
    parts.queue.finish(job, replace(analysis, tagging=tagging, spectral=spectral))
    parts.clock.now += 1
    return job.file_id


def clusters(parts: Parts, kinds: int = 4, each: int = 12) -> dict[int, list[int]]:
    """Tracks around `kinds` places far apart, with the same large mean; ids by kind."""
    chance = np.random.default_rng(1)
    mean, places = 5 + chance.normal(size=DIMENSIONS), 3 * chance.normal(size=(kinds, DIMENSIONS))
    return {
        kind: [
            store(
                parts, f"Artist {kind}/Album/{number:02} Song.mp3", mean + places[kind] + chance.normal(size=DIMENSIONS)
            )
            for number in range(each)
        ]
        for kind in range(kinds)
    }


def similarity_of(parts: Parts) -> Similarity:
    similarity = Similarity(parts.database)
    similarity.make()
    return similarity


def test_what_was_made_alike_is_found_first_although_all_share_one_mean(parts: Parts) -> None:
    kinds = clusters(parts)
    similarity = similarity_of(parts)
    for ids in kinds.values():
        found = [one.file_id for one in similarity.nearest(ids[0], most=11)][:11]
        assert set(found) == set(ids[1:])


def test_ranking_is_the_cosine_of_standardized_embeddings(parts: Parts) -> None:
    chance = np.random.default_rng(2)
    vectors = chance.normal(size=(300, DIMENSIONS)).astype(np.float32)
    ids = [store(parts, f"{number}.mp3", vector) for number, vector in enumerate(vectors)]
    trust = 300 / 350  # mean and spread of n tracks count by n / (n + 50)
    spread = np.sqrt(trust * vectors.var(axis=0) + (1 - trust) * np.square(vectors).mean(axis=0))
    standard = (vectors - trust * vectors.mean(axis=0)) / spread
    directions = standard / np.linalg.norm(standard, axis=1, keepdims=True)
    expected = directions @ directions[0]
    found = list(similarity_of(parts).nearest(ids[0], most=20))[:20]
    assert [one.file_id for one in found] == [ids[place] for place in np.argsort(-expected)[1:21]]
    np.testing.assert_allclose([one.similarity for one in found], np.sort(expected)[-2:-22:-1], atol=1e-4)


def test_of_two_equal_embeddings_the_one_with_the_same_sound_is_nearer(parts: Parts) -> None:
    bright, dark = (
        Spectral(hz, 2 * hz, 0.1, 0.5, hz / 20_000, (1.0,) * 7, (hz / 1000,) * 13, (0.25,) * 13)
        for hz in (4000.0, 800.0)
    )
    chance = np.random.default_rng(7)
    same = chance.normal(size=DIMENSIONS)
    for number in range(20):
        store(parts, f"other {number}.mp3", chance.normal(size=DIMENSIONS), bright if number % 2 else dark)
    first = store(parts, "first.mp3", same, bright)
    store(parts, "dark.mp3", same, dark)
    unknown = store(parts, "unknown.mp3", same)
    near = store(parts, "bright.mp3", same, bright)
    found = [one.file_id for one in similarity_of(parts).nearest(first, most=5)]
    assert found[0] == near
    assert unknown in found[:3]


def test_a_way_begins_and_ends_where_it_should_and_repeats_nothing(parts: Parts) -> None:
    """Tracks on the quarter of a circle between two: the way takes them in their order."""
    start, end, off = np.eye(DIMENSIONS)[:3]
    angles = np.linspace(0, math.pi / 2, 9)
    arc = [
        store(parts, f"{place}.mp3", np.cos(angle) * start + np.sin(angle) * end) for place, angle in enumerate(angles)
    ]
    store(parts, "off.mp3", off)
    steps = similarity_of(parts).way(arc[0], arc[-1], 5)
    assert [one.file_id for one in steps] == [arc[0], arc[2], arc[4], arc[6], arc[8]]
    assert [one.step for one in steps] == [0, 0.25, 0.5, 0.75, 1]


def test_a_way_of_a_small_library_is_as_long_as_there_are_tracks(parts: Parts) -> None:
    ids = [store(parts, f"{number}.mp3", np.eye(DIMENSIONS)[number]) for number in range(3)]
    assert {one.file_id for one in similarity_of(parts).way(ids[0], ids[1], 40)} == set(ids)


def test_a_mixture_lies_between_and_away_from_what_is_subtracted(parts: Parts) -> None:
    one, two, three = np.eye(DIMENSIONS)[:3]
    first, second, third = (
        store(parts, f"{name}.mp3", vector) for name, vector in zip("abc", (one, two, three), strict=True)
    )
    between = store(parts, "between.mp3", one + two)
    with_third = store(parts, "with third.mp3", one + two + three)
    similarity = similarity_of(parts)
    assert next(iter(similarity.blend([first, second], [], most=5))).file_id == between
    ranked = [found.file_id for found in similarity.blend([with_third], [third], most=5)]
    assert ranked[0] == between
    assert {with_third, third}.isdisjoint(ranked)


def test_what_is_analyzed_meanwhile_is_there_and_what_is_analyzed_again_is_there_once(parts: Parts) -> None:
    kinds = clusters(parts, kinds=2)
    similarity = similarity_of(parts)
    first, second = kinds[0][0], kinds[1][0]
    twin = store(parts, "new.mp3", parts_vector(parts, first))
    similarity.make()
    assert next(iter(similarity.nearest(first, most=1))).file_id == twin
    store(parts, "new.mp3", parts_vector(parts, second))
    similarity.make()
    assert next(iter(similarity.nearest(second, most=1))).file_id == twin
    ids, points = similarity.points()
    assert len(ids) == len(set(ids.tolist())) == 25
    assert points.shape == (25, 2)


def test_a_track_that_is_gone_is_in_no_list(parts: Parts) -> None:
    kinds = clusters(parts, kinds=1)
    similarity = similarity_of(parts)
    parts.library.forget([kinds[0][1]])
    assert kinds[0][1] not in [one.file_id for one in similarity.nearest(kinds[0][0], most=20)]


def test_one_artist_does_not_fill_the_list(parts: Parts) -> None:
    kinds = clusters(parts)
    similarity = similarity_of(parts)
    lookup = TrackLookup(parts.database)
    found = listed(similarity.nearest(kinds[0][0], most=48), lookup, count=20, per_artist=2)
    artists = [one.track.path.split("/")[0] for one in found]
    assert {artists.count(name) for name in set(artists)} == {2}
    assert len(set(artists)) == 4


@pytest.mark.parametrize("ids", [[1], [999]])
def test_without_an_embedding_there_is_an_error_and_no_guess(parts: Parts, ids: list[int]) -> None:
    with pytest.raises(NotComparableError, match="embedding"):
        similarity_of(parts).nearest(ids[0], most=5)


def parts_vector(parts: Parts, file_id: int) -> np.ndarray:
    return Vectors(parts.database).of_ids([file_id], DIMENSIONS).vectors[0, :DIMENSIONS]


def test_codes_rank_as_directions_do() -> None:
    """Embeddings whose spread lies in 40 components, as MusiCNN's does: the 20 nearest are among the 100 by codes."""
    chance = np.random.default_rng(3)
    mixture = chance.normal(size=(40, DIMENSIONS)) / np.arange(1, 41)[:, None]
    vectors = (chance.normal(size=(20_000, 40)) @ mixture).astype(np.float32)
    space = Space.fit(vectors[:5000], DIMENSIONS)
    directions = space.directions(vectors)
    codes = space.codes(directions)
    assert codes.shape == (20_000, CODE_LENGTH)
    for row in range(0, 20_000, 4000):
        exact = np.argsort(-(directions @ directions[row]))[:20]
        by_codes = np.argsort(-(codes.astype(np.float32) @ space.queries(directions[row : row + 1])[0]))[:100]
        assert set(exact) <= set(by_codes)


def test_a_space_that_is_fitted_again_does_not_turn_the_map_over() -> None:
    chance = np.random.default_rng(4)
    vectors = (chance.normal(size=(4000, 5)) @ chance.normal(size=(5, DIMENSIONS))).astype(np.float32)
    former = Space.fit(vectors[:2000], DIMENSIONS)
    turned = replace(former, basis=-former.basis)
    for one in (former, turned):
        again = Space.fit(vectors, DIMENSIONS, former=one)
        assert (np.sum(again.basis[:, :2] * one.basis[:, :2], axis=0) > 0.9).all()


def test_the_points_of_a_map_lie_on_it() -> None:
    vectors = np.random.default_rng(5).normal(size=(500, DIMENSIONS)).astype(np.float32)
    space = Space.fit(vectors, DIMENSIONS)
    points = space.points(space.directions(vectors))
    assert points.min() >= 0
    assert points.max() <= 10_000


def test_the_index_takes_more_than_a_block(parts: Parts) -> None:
    """Rows are put in directly: to analyze them would take minutes."""
    count = BLOCK_ROWS + 100
    chance = np.random.default_rng(6)
    vectors = chance.normal(size=(count, DIMENSIONS)).astype("<f4")
    with parts.database.transaction() as connection:
        connection.execute("INSERT INTO version_sets VALUES (1, '{}')")
        connection.executemany(
            "INSERT INTO files (id, path, device, inode, size_bytes, mtime_ns) VALUES (?, ?, 1, 1, 1, 1)",
            ((number, b"%d.mp3" % number) for number in range(1, count + 1)),
        )
        connection.executemany(
            "INSERT INTO analyses VALUES (?, 1, ?, 1, NULL, 180, 120, 'C', 'major', NULL, '{}')",
            ((number, float(number)) for number in range(1, count + 1)),
        )
        connection.executemany(
            "INSERT INTO embeddings VALUES (?, ?)",
            ((number, vectors[number - 1].tobytes()) for number in range(1, count + 1)),
        )
    library = Vectors(parts.database)
    index = Index(library)
    index.refresh()
    assert len(index) == count
    assert index.space is not None
    (nearest,) = index.candidates(index.space.directions(library.of_ids([count], DIMENSIONS).vectors), 1)
    assert nearest.tolist() == [count]
