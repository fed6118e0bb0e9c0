"""Tags and embedding against the published network and its authors' own way of running it, on music."""

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
from tests.conformance.made import PIECES, RATE_HZ, piece
from tests.conformance.tags_rows import (
    NOT_HERE,
    PUBLISHED_TOLERANCE,
    RUNTIME_TOLERANCE,
    authors_patches,
    network_rows,
    our_patches,
    our_tags,
    predictor_row,
    short_row,
)
from tests.exhaustive import exhaustive
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

#: Patches, activations, embeddings.
Answers = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


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


@pytest.fixture(scope="module", params=["made", *exhaustive(["recorded"])])
def music(request: pytest.FixtureRequest, shared_folder: Path | None) -> dict[str, NDArray[np.float32]]:
    """The first seconds of made music, or of recordings where they are here, 7 s at least: mono, 16 kHz."""
    if request.param == "recorded" and shared_folder is None:
        pytest.skip("the shared recordings are not here (../shared/audio)")
    found = made() if shared_folder is None or request.param == "made" else recorded(shared_folder)
    return {name: heard(*sound) for name, sound in found.items()}


@pytest.fixture(scope="module")
def answers(published: EssentiaRuntime, music: dict[str, NDArray[np.float32]]) -> dict[str, Answers]:
    """Of each piece of music our patches, and what the published graph makes of them, which takes it seconds."""
    patches = {name: our_patches(samples) for name, samples in music.items()}
    return {name: (of_it, *published.activations(of_it)) for name, of_it in patches.items()}


def made() -> dict[str, tuple[NDArray[np.float32], int]]:
    """Samples [shape=(n,)] and rates of two pieces."""
    return {f"{scale} at {bpm}": (piece(bpm, tonic, scale, 12), RATE_HZ) for bpm, tonic, scale in PIECES[:2]}


def recorded(shared_folder: Path) -> dict[str, tuple[NDArray[np.float32], int]]:
    """Samples [shape=(n,)] and rates of `TRACKS`."""
    read = {path: soundfile.read(shared_folder / path, dtype="float32", always_2d=True) for path in TRACKS}
    return {Path(path).stem: (samples.mean(axis=1), rate_hz) for path, (samples, rate_hz) in read.items()}


def heard(mono: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """What the network gets to hear of it, repeated if it is shorter than 7 s."""
    resampled = soxr.resample(mono, rate_hz, 16_000)[: SECONDS * 16_000]
    return np.resize(resampled, max(len(resampled), 7 * 16_000))


@pytest.mark.parametrize("name", sorted(installed_runtimes() - NOT_HERE))
def test_a_runtime_gives_the_published_graphs_answers_on_the_same_patches(
    name: str, files: ModelFiles, answers: dict[str, Answers]
) -> None:
    runtime = load_runtime(name, files)
    for heard_of, (patches, expected, expected_embeddings) in answers.items():
        activations, embeddings = runtime.activations(patches)
        np.testing.assert_allclose(activations, expected, rtol=0, atol=RUNTIME_TOLERANCE, err_msg=heard_of)
        # The embedding is a ReLU's input of any size, here up to 30: relative to its own length.
        assert np.linalg.norm(embeddings - expected_embeddings) <= 1e-4 * np.linalg.norm(expected_embeddings), heard_of


def test_tags_are_those_of_the_authors_own_extractor(
    files: ModelFiles, published: EssentiaRuntime, music: dict[str, NDArray[np.float32]]
) -> None:
    assert [row for row in network_rows(music, files, published) if not row.passed] == []


def test_tags_are_those_of_essentias_predictor_on_the_published_graph(
    project_root: Path, files: ModelFiles, music: dict[str, NDArray[np.float32]]
) -> None:
    assert predictor_row(music, files, published_graph(project_root)).passed


def test_two_seconds_have_tags_and_say_that_they_were_padded(
    files: ModelFiles, music: dict[str, NDArray[np.float32]]
) -> None:
    assert all(short_row(files, samples).passed for samples in music.values())


def test_the_end_that_the_published_extractors_drop_moves_no_tag_far(
    files: ModelFiles, published: EssentiaRuntime, music: dict[str, NDArray[np.float32]]
) -> None:
    # At most one patch in five or more is new, and it counts by what it newly covers.
    for name, samples in music.items():
        tags, _ = our_tags("numpy", files, samples)
        expected = published.activations(authors_patches(samples))[0]
        new_share = 1 / (len(expected) + 1)
        bound = new_share * np.maximum(1.0, np.ptp(expected, axis=0)) + PUBLISHED_TOLERANCE
        assert np.all(np.abs(tags - expected.mean(axis=0)) <= bound), name


@pytest.mark.exhaustive
def test_jazz_is_heard_in_jazz(files: ModelFiles, shared_audio: Path) -> None:
    samples, rate_hz = soundfile.read(shared_audio / TRACKS[0], dtype="float32", always_2d=True)
    tags, _ = our_tags("numpy", files, soxr.resample(samples.mean(axis=1), rate_hz, 16_000))
    assert files.labels[int(tags.argmax())] == "jazz"  # "Vibe Ace" is from the album "Jazz Sampler"
