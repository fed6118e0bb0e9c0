"""Embeddings as arrays, in pages that follow what was analyzed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from playlista.library.vectors import DESCRIPTORS, Place, Vectors, descriptors_in
from playlista.tracks import Spectral
from tests.libraries import Parts, analysis_of, open_parts, track_file


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    with open_parts(tmp_path, synced=False) as opened:
        yield opened


def store(parts: Parts, path: str, embedding: tuple[float, ...]) -> int:
    analysis = analysis_of(path)
    assert analysis.tagging is not None
    parts.queue.enqueue([track_file(path)], "retry")
    job = parts.queue.claim()
    assert job is not None
    parts.queue.finish(job, replace(analysis, tagging=replace(analysis.tagging, embedding=embedding)))
    parts.clock.now += 1
    return job.file_id


def test_pages_follow_the_order_in_which_results_were_made(parts: Parts) -> None:
    ids = [store(parts, f"{number}.mp3", (float(number), 0.5)) for number in range(5)]
    vectors, place, pages = Vectors(parts.database), Place(), []
    while True:
        page, last = vectors.page(place, 2, limit=2)
        if last is None:
            break
        pages.append(sorted(page.ids.tolist()))
        place = last
    assert pages == [ids[:2], ids[2:4], ids[4:]]
    store(parts, "1.mp3", (9.0, 9.0))
    page, _ = vectors.page(place, 2, limit=10)
    assert page.ids.tolist() == [ids[1]]
    np.testing.assert_array_equal(page.vectors[:, :2], np.array([[9, 9]], np.float32))


def test_vectors_of_another_model_are_left_out(parts: Parts) -> None:
    store(parts, "old.mp3", (1.0, 2.0, 3.0))
    new = store(parts, "new.mp3", (1.0, 2.0))
    vectors = Vectors(parts.database)
    assert vectors.dimensions() == 2
    assert vectors.page(Place(), 2, limit=10)[0].ids.tolist() == [new]
    assert vectors.sample(10, 2).ids.tolist() == [new]
    assert vectors.of_ids([1, 2, 3], 2).ids.tolist() == [new]


def test_an_empty_library_has_none(parts: Parts) -> None:
    vectors = Vectors(parts.database)
    assert vectors.dimensions() == 0
    assert vectors.page(Place(), 200, limit=10)[1] is None
    assert vectors.of_ids([], 200).vectors.shape == (0, 200 + DESCRIPTORS)


def test_descriptors_are_read_from_a_result_and_unknown_ones_are_no_number(parts: Parts) -> None:
    spectral = Spectral(2000.0, 5000.0, 0.1, 0.5, 0.08, (1.0,) * 7, (0.5,) * 13, (0.25,) * 13)
    analysis = replace(analysis_of("a.mp3"), spectral=spectral, loudness=None)
    parts.queue.enqueue([track_file("a.mp3")], "retry")
    job = parts.queue.claim()
    assert job is not None
    parts.queue.finish(job, analysis)
    (vector,) = Vectors(parts.database).of_ids([job.file_id], 200).vectors
    expected = [2000, 5000, 0.1, 0.5, 0.08, *[1.0] * 7, *[0.5] * 13, *[0.5] * 13, 2.5, 1.25, np.nan]
    np.testing.assert_allclose(vector[200:], expected, rtol=1e-6)
    assert np.isnan(descriptors_in([None, 1.0, 2.0, 3.0])).all()
