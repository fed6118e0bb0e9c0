"""Tags and embedding against the published network and its authors' own way of running it, on real music.

The reference is not ours: the graph of the `musicnn` package as TensorFlow freezes it, unfolded, run by essentia; its
input is computed as the package's `extractor.batch_data` does (librosa, spectrogram cut to float16), and, in another
test, by essentia's `TensorflowPredictMusiCNN` from the samples on.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from playlista.features.tags import PATCH_FRAMES, TagsAccumulator
from playlista.models.files import ModelFiles
from playlista.models.runtime import installed_runtimes, load_runtime
from playlista.models.runtime_essentia import EssentiaRuntime
from tests.conformance.essentia_reference import essentia
from tests.models.weights import published_graph

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

#: Of the design: per tag, against the published values for the same weights.
PUBLISHED_TOLERANCE = 0.01
#: Of the design: one runtime against another on the same patches. Measured: 2e-6.
RUNTIME_TOLERANCE = 1e-3


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


def authors_patches(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Patches as in musicnn/extractor.py, batch_data: 187 frames without overlap, what is left over is dropped."""
    power = librosa.feature.melspectrogram(y=samples, sr=16_000, hop_length=256, n_fft=512, n_mels=96).T
    compressed = np.log10(10_000 * power.astype(np.float16).astype(np.float32) + 1)
    count = len(compressed) // PATCH_FRAMES
    return compressed[: count * PATCH_FRAMES].reshape(count, PATCH_FRAMES, 96).astype(np.float32)


class Recorder:
    """Keeps the patches that the accumulator cuts."""

    name = "recorder"

    def __init__(self) -> None:
        self.patches: list[NDArray[np.float32]] = []

    def activations(self, patches: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self.patches.extend(patches.copy())
        return np.zeros((len(patches), 50), np.float32), np.zeros((len(patches), 200), np.float32)


def our_patches(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    recorder = Recorder()
    accumulator = TagsAccumulator(recorder, [str(tag) for tag in range(50)])
    accumulator.update(samples)
    accumulator.result()
    return np.stack(recorder.patches)


def our_tags(runtime_name: str, files: ModelFiles, samples: NDArray[np.float32]) -> tuple[np.ndarray, np.ndarray]:
    accumulator = TagsAccumulator(load_runtime(runtime_name, files), files.labels)
    accumulator.update(samples)
    result = accumulator.result()
    assert result is not None
    return np.array([result.tags[label] for label in files.labels]), np.array(result.embedding)


@pytest.mark.parametrize("name", sorted(installed_runtimes() - {"tensorflow"}))
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
    whole = music[: len(music) // (PATCH_FRAMES * 256) * PATCH_FRAMES * 256 - 256]  # no rest, which theirs would drop
    tags, embedding = our_tags("numpy", files, whole)
    activations, embeddings = published.activations(authors_patches(whole))
    np.testing.assert_allclose(tags, activations.mean(axis=0), rtol=0, atol=PUBLISHED_TOLERANCE)
    assert cosine(embedding, embeddings.mean(axis=0)) > 0.999


def test_tags_are_those_of_essentias_predictor_on_the_published_graph(
    project_root: Path, files: ModelFiles, music: NDArray[np.float32]
) -> None:
    whole = music[: len(music) // (PATCH_FRAMES * 256) * PATCH_FRAMES * 256 - 256]
    predict = essentia(
        "TensorflowPredictMusiCNN", graphFilename=str(published_graph(project_root)), patchHopSize=PATCH_FRAMES
    )
    tags, _ = our_tags("numpy", files, whole)
    np.testing.assert_allclose(tags, predict(whole).mean(axis=0), rtol=0, atol=PUBLISHED_TOLERANCE)


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


def cosine(left: np.ndarray, right: np.ndarray) -> float:
    return float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))
