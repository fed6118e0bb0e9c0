"""Tags and embedding compared with the published network, run the authors' way and essentia's.

The reference is not ours: the graph of the `musicnn` package as TensorFlow freezes it, unfolded, run by essentia; its
input is computed as the package's `extractor.batch_data` does (librosa, spectrogram cut to float16), and, another time,
by essentia's `TensorflowPredictMusiCNN` from the samples on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import librosa
import numpy as np
from numpy.typing import NDArray

from playlista.features.tags.accumulator import TagsAccumulator
from playlista.musicnn.files import ModelFiles
from playlista.musicnn.runtimes.essentia import EssentiaRuntime
from playlista.musicnn.runtimes.runtime import installed_runtimes, load_runtime
from playlista.tracks import Tagging
from playlista.tracks.patches import PATCH_FRAMES
from tests.conformance.essentia_reference import essentia
from tests.conformance.rows import Row, greatest

RATE_HZ = 16_000
PATCH_SAMPLES = PATCH_FRAMES * 256
#: Of the design: per tag, against the published values for the same weights.
PUBLISHED_TOLERANCE = 0.01
#: Of the design: one runtime against another on the same patches. Measured: 2e-6.
RUNTIME_TOLERANCE = 1e-3
#: Python TensorFlow costs 450 MB to import; that it agrees is the business of tests/musicnn.
NOT_HERE = {"tensorflow"}


class Recorder:
    """Keeps the patches that the accumulator cuts."""

    name = "recorder"

    def __init__(self) -> None:
        self.patches: list[NDArray[np.float32]] = []

    def activations(self, patches: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self.patches.extend(patches.copy())
        return np.zeros((len(patches), 50), np.float32), np.zeros((len(patches), 200), np.float32)


def authors_patches(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Patches as in musicnn/extractor.py, batch_data: 187 frames without overlap, what is left over is dropped."""
    power = librosa.feature.melspectrogram(y=samples, sr=RATE_HZ, hop_length=256, n_fft=512, n_mels=96).T
    compressed = np.log10(10_000 * power.astype(np.float16).astype(np.float32) + 1)
    count = len(compressed) // PATCH_FRAMES
    return compressed[: count * PATCH_FRAMES].reshape(count, PATCH_FRAMES, 96).astype(np.float32)


def our_patches(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Patches as our accumulator hands them to a runtime."""
    recorder = Recorder()
    accumulator = TagsAccumulator(recorder, [str(tag) for tag in range(50)])
    accumulator.update(samples)
    accumulator.result()
    return np.stack(recorder.patches)


def tagging(runtime_name: str, files: ModelFiles, samples: NDArray[np.float32]) -> Tagging:
    """Our answer."""
    accumulator = TagsAccumulator(load_runtime(runtime_name, files), files.labels)
    accumulator.update(samples)
    result = accumulator.result()
    assert result is not None
    return result


def our_tags(runtime_name: str, files: ModelFiles, samples: NDArray[np.float32]) -> tuple[np.ndarray, np.ndarray]:
    """Tags [shape=(50,)] and embedding [shape=(200,)]."""
    result = tagging(runtime_name, files, samples)
    return np.array([result.tags[label] for label in files.labels]), np.array(result.embedding)


def without_rest(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut where the last whole patch ends: the published extractors drop what is left over, and ours does not."""
    return samples[: len(samples) // PATCH_SAMPLES * PATCH_SAMPLES - 256]


def essentia_tags(graph: Path, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean activations by essentia's predictor [shape=(50,)], patch after patch."""
    predict = essentia("TensorflowPredictMusiCNN", graphFilename=str(graph), patchHopSize=PATCH_FRAMES)
    tags: NDArray[np.float32] = predict(samples).mean(axis=0)
    return tags


def cosine(left: np.ndarray, right: np.ndarray) -> float:
    """Of the angle between two vectors."""
    return float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))


def rows(music: Mapping[str, NDArray[np.float32]], files: ModelFiles, graph: Path) -> Iterator[Row]:
    """Lines over all of `music` [mono, 16 kHz, at least 7 s each], with the published `graph`."""
    published = EssentiaRuntime(graph)
    yield from network_rows(music, files, published)
    yield from runtime_rows(music, files, published)
    published.close()
    yield predictor_row(music, files, graph)
    yield short_row(files, next(iter(music.values())))


def network_rows(
    music: Mapping[str, NDArray[np.float32]], files: ModelFiles, published: EssentiaRuntime
) -> Iterator[Row]:
    """From samples to tags and embedding, compared with the published graph on the authors' patches."""
    apart, angles = {}, {}
    for name, samples in music.items():
        whole = without_rest(samples)
        tags, embedding = our_tags("numpy", files, whole)
        activations, embeddings = published.activations(authors_patches(whole))
        apart[name] = float(np.abs(tags - activations.mean(axis=0)).max())
        angles[name] = cosine(embedding, embeddings.mean(axis=0))
    source = "published graph, the authors' extractor (librosa)"
    yield _worst("tags", apart, source)
    least = min(angles.values())
    yield Row("embedding, cosine", f"{least:.5f} at least", 1, source, "> 0.999", least > 0.999)


def predictor_row(music: Mapping[str, NDArray[np.float32]], files: ModelFiles, graph: Path) -> Row:
    """From samples to tags, compared with essentia's predictor on the published graph."""
    apart = {}
    for name, samples in music.items():
        tags, _ = our_tags("numpy", files, without_rest(samples))
        apart[name] = float(np.abs(tags - essentia_tags(graph, without_rest(samples))).max())
    return _worst("tags", apart, "published graph, essentia TensorflowPredictMusiCNN")


def runtime_rows(
    music: Mapping[str, NDArray[np.float32]], files: ModelFiles, published: EssentiaRuntime
) -> Iterator[Row]:
    """Every runtime compared with the published graph on the same patches."""
    patches = np.concatenate([our_patches(samples) for samples in music.values()])
    expected, _ = published.activations(patches)
    for runtime in sorted(installed_runtimes() - NOT_HERE):
        found, _ = load_runtime(runtime, files).activations(patches)
        name, apart = f"tags: runtime {runtime} on the same patches", float(np.abs(found - expected).max())
        yield greatest(name, apart, RUNTIME_TOLERANCE, truth="the same", source="published graph")


def short_row(files: ModelFiles, samples: NDArray[np.float32]) -> Row:
    """A file of 2 s has tags and says that it was padded."""
    result = tagging("numpy", files, samples[: 2 * RATE_HZ])
    measured = f"{len(result.tags)} tags, padded: {str(result.padded).lower()}"
    return Row("tags: 2 s", measured, "50 tags, padded: true", "design", "exact", measured == "50 tags, padded: true")


def _worst(quantity: str, apart: Mapping[str, float], source: str) -> Row:
    worst = max(apart, key=apart.__getitem__)
    name = f"{quantity}: {len(apart)} recordings, worst {worst}"
    return greatest(name, apart[worst], PUBLISHED_TOLERANCE, truth="the same", source=source)
