"""The memory optimization guide's loader read literally, and its analyses on what it returns.

The whole file is loaded at 22.05 kHz, then converted to float16, then cut at 100 MB (``load_audio_memory_capped``);
rhythm with the quick method, key, and MusiCNN at essentia's default hop and batch. essentia takes float32, so the array
is widened again; MusiCNN wants 16 kHz, so it is resampled.
"""

from __future__ import annotations

import argparse
import gc
import json
from typing import Any

SAMPLE_RATE_HZ = 22050
MAX_MB = 100


def load_audio_memory_capped(es: Any, path: str) -> Any:
    """As the guide has it, with its conversion in place of the step that it leaves open."""
    import numpy as np

    audio = es.MonoLoader(filename=path, sampleRate=SAMPLE_RATE_HZ)()
    audio = audio.astype(np.float16)
    gc.collect()
    if audio.nbytes / (1024 * 1024) > MAX_MB:
        audio = audio[: int(MAX_MB * 1024 * 1024 / audio.itemsize)]
    return audio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graph", required=True)
    parser.add_argument("--hop", type=int, required=True)
    parser.add_argument("files", nargs="*")
    asked = parser.parse_args()

    import essentia
    import essentia.standard as es
    import numpy as np

    essentia.log.infoActive = essentia.log.warningActive = False
    rhythm = es.RhythmExtractor2013(method="degara")
    key = es.KeyExtractor(sampleRate=SAMPLE_RATE_HZ)
    to_16k = es.Resample(inputSampleRate=SAMPLE_RATE_HZ, outputSampleRate=16000)
    musicnn = es.TensorflowPredictMusiCNN(graphFilename=asked.graph, output="model/Sigmoid", patchHopSize=asked.hop)
    for path in asked.files:
        audio = load_audio_memory_capped(es, path)
        samples = audio.astype(np.float32)
        bpm = rhythm(samples)[0]
        tonic, scale, strength = key(samples)
        activations = musicnn(to_16k(samples))
        found = {"path": path, "bpm": bpm, "key": f"{tonic} {scale}", "strength": strength}
        found |= {"patches": len(activations), "analyzed_seconds": len(audio) / SAMPLE_RATE_HZ}
        print(json.dumps({**found, "tags": activations.mean(axis=0).tolist()}), flush=True)


if __name__ == "__main__":
    main()
