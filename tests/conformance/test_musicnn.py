"""Tags and embedding against the published network and its authors' own way of running it, on real music."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from playlista.musicnn.files import ModelFiles
from playlista.musicnn.runtimes.essentia import EssentiaRuntime
from playlista.musicnn.runtimes.runtime import installed_runtimes, load_runtime
from tests.conformance.tags_rows import (
    NOT_HERE,
    PUBLISHED_TOLERANCE,
    RUNTIME_TOLERANCE,
    authors_patches,
    cosine,
    essentia_tags,
    our_patches,
    our_tags,
    short_row,
    without_rest,
)
from tests.musicnn.weights import published_graph

MUSIC = "librosa-data/audio"
LOOPS = "sonic-pi/etc/samples"
TRACKS = (
    f"{MUSIC}/Kevin_MacLeod_-_Vibe_Ace.hq.ogg",
    f"{MUSIC}/Karissa_Hobbs_-_Lets_Go_Fishin.hq.ogg",
    f"{MUSIC}/Hungarian_Dance_number_5_-_Allegro_in_F_sharp_minor_(string_orchestra).hq.ogg",
    f"{MUSIC}/sorohanro_-_solo-trumpet-06.hq.ogg",
    f"{LOOPS}/loop_garzul.flac",
    f"{LOOPS}/ambi_choir.flac",
)
SECONDS = 30


@pytest.fixture(scope="module")
def files(models_dir: Path) -> ModelFiles:
    found = ModelFiles.find(models_dir)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def published(project_root: Path) -> Iterator[EssentiaRuntime]:
    """The published graph, unfolded."""
    runtime = EssentiaRuntime(published_graph(project_root))
    yield runtime
    runtime.close()


@pytest.fixture(scope="module", params=TRACKS, ids=lambda path: Path(path).stem[:24])
def music(request: pytest.FixtureRequest, shared_audio: Path) -> NDArray[np.float32]:
    """The first seconds of a recording, repeated if it is shorter than 7 s: mono, 16 kHz."""
    samples, rate_hz = soundfile.read(shared_audio / request.param, dtype="float32", always_2d=True)
    mono = soxr.resample(samples.mean(axis=1), rate_hz, 16_000)[: SECONDS * 16_000]
    return np.resize(mono, max(len(mono), 7 * 16_000))


@pytest.mark.parametrize("name", sorted(installed_runtimes() - NOT_HERE))
def test_a_runtime_gives_the_published_graphs_answers_on_the_same_patches(
    name: str, files: ModelFiles, published: EssentiaRuntime, music: NDArray[np.float32]
) -> None:
    patches = our_patches(music)
    activations, embeddings = load_runtime(name, files).activations(patches)
    expected_activations, expected_embeddings = published.activations(patches)
    np.testing.assert_allclose(activations, expected_activations, rtol=0, atol=RUNTIME_TOLERANCE)
    # The embedding is a ReLU's input of any size, here up to 30: relative to its own length.
    assert np.linalg.norm(embeddings - expected_embeddings) <= 1e-4 * np.linalg.norm(expected_embeddings)


def test_tags_are_those_of_the_authors_own_extractor(
    files: ModelFiles, published: EssentiaRuntime, music: NDArray[np.float32]
) -> None:
    whole = without_rest(music)
    tags, embedding = our_tags("numpy", files, whole)
    activations, embeddings = published.activations(authors_patches(whole))
    np.testing.assert_allclose(tags, activations.mean(axis=0), rtol=0, atol=PUBLISHED_TOLERANCE)
    assert cosine(embedding, embeddings.mean(axis=0)) > 0.999


def test_tags_are_those_of_essentias_predictor_on_the_published_graph(
    project_root: Path, files: ModelFiles, music: NDArray[np.float32]
) -> None:
    whole = without_rest(music)
    tags, _ = our_tags("numpy", files, whole)
    expected = essentia_tags(published_graph(project_root), whole)
    np.testing.assert_allclose(tags, expected, rtol=0, atol=PUBLISHED_TOLERANCE)


def test_two_seconds_have_tags_and_say_that_they_were_padded(files: ModelFiles, music: NDArray[np.float32]) -> None:
    assert short_row(files, music).passed


def test_the_end_that_the_published_extractors_drop_moves_no_tag_far(
    files: ModelFiles, published: EssentiaRuntime, music: NDArray[np.float32]
) -> None:
    # At most one patch in five or more is new, and it counts by what it newly covers.
    tags, _ = our_tags("numpy", files, music)
    expected = published.activations(authors_patches(music))[0]
    new_share = 1 / (len(expected) + 1)
    spread = expected.max(axis=0) - expected.min(axis=0)
    assert np.all(np.abs(tags - expected.mean(axis=0)) <= new_share * np.maximum(1.0, spread) + PUBLISHED_TOLERANCE)


def test_jazz_is_heard_in_jazz(files: ModelFiles, shared_audio: Path) -> None:
    samples, rate_hz = soundfile.read(shared_audio / TRACKS[0], dtype="float32", always_2d=True)
    tags, _ = our_tags("numpy", files, soxr.resample(samples.mean(axis=1), rate_hz, 16_000))
    assert files.labels[int(tags.argmax())] == "jazz"  # "Vibe Ace" is from the album "Jazz Sampler"
