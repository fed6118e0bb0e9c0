"""The configurations in which a track may be analyzed, from the one in the settings to the one that needs least memory.

Input: the chunk and batch of the settings. Output: the fallback configurations, each with the memory that it is
predicted to need on top of what the process holds between tracks. The results do not depend on which one is used.
"""

from __future__ import annotations

from dataclasses import dataclass

from playlista.system.units import MEBIBYTE

#: What a patch in an inference allocates: 3 MiB in essentia's runtime (64 patches: 196), 5.6 in ONNX Runtime (357).
PATCH_BYTES = 6 * MEBIBYTE
#: What an inference allocates on top of its patches: 8 MiB in essentia's runtime.
INFERENCE_BYTES = 8 * MEBIBYTE
#: Accumulators and resamplers; 24 hours of audio retain 9 MB.
ACCUMULATOR_BYTES = 10 * MEBIBYTE
#: A second of the native signal, 48 kHz stereo float32, in the copies that are alive at one time: decoded block, mono,
#: both resampled signals, the float32 copy that a feature computes on, and two for the chunk that is made ahead.
SECOND_BYTES = 7 * 48000 * 2 * 4

#: What VibeNet takes for a moment at the end of a track: 37 MiB of signals, tiles and weights.
NETWORK_BYTES = 40 * MEBIBYTE

SMALLEST_CHUNK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Configuration:
    """Seconds of audio that are decoded at a time, patches in one inference, and the bytes that this needs."""

    chunk_seconds: float
    batch_patches: int
    need_bytes: int


def predict(chunk_seconds: float, batch_patches: int, patch_bytes: int = PATCH_BYTES) -> Configuration:
    """A configuration with its predicted need; 0 patches where there is no model."""
    inference_bytes = INFERENCE_BYTES + batch_patches * patch_bytes if batch_patches else 0
    need_bytes = ACCUMULATOR_BYTES + int(chunk_seconds * SECOND_BYTES) + inference_bytes
    return Configuration(chunk_seconds, batch_patches, need_bytes)


def fallback_configurations(
    chunk_seconds: float, batch_patches: int, patch_bytes: int = PATCH_BYTES
) -> tuple[Configuration, ...]:
    """The one of the settings, then a batch of one, then a short chunk as well; what changes nothing is left out."""
    least_batch, least_chunk = min(batch_patches, 1), min(chunk_seconds, SMALLEST_CHUNK_SECONDS)
    steps = ((chunk_seconds, batch_patches), (chunk_seconds, least_batch), (least_chunk, least_batch))
    return tuple(predict(chunk, batch, patch_bytes) for chunk, batch in dict.fromkeys(steps))
