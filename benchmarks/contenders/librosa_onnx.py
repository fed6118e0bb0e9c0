"""librosa for the signal, ONNX Runtime for the published graph, patches side by side: as self-hosted analyzers do.

Loaded whole at 22.05 kHz (librosa's default) for tempo, chroma and spectrum, and brought to 16 kHz for MusiCNN.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

#: Krumhansl and Kessler's key profiles, major then minor.
PROFILES = (
    (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graph", required=True, help="published.onnx")
    parser.add_argument("--hop", type=int, required=True)
    parser.add_argument("files", nargs="*")
    asked = parser.parse_args()

    import librosa
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(asked.graph, options, providers=["CPUExecutionProvider"])
    for path in asked.files:
        audio, rate = librosa.load(path)
        tempo, _beats = librosa.beat.beat_track(y=audio, sr=rate)
        chroma = librosa.feature.chroma_stft(y=audio, sr=rate).mean(axis=1)
        centroid = float(librosa.feature.spectral_centroid(y=audio, sr=rate).mean())
        patches = _patches(librosa.resample(audio, orig_sr=rate, target_sr=16000), asked.hop)
        tags = np.mean([session.run(["activations"], {"patch": patch[np.newaxis]})[0][0] for patch in patches], axis=0)
        found = {"path": path, "bpm": float(np.ravel(tempo)[0]), "key": _key(chroma), "centroid_hz": centroid}
        print(json.dumps({**found, "patches": len(patches), "tags": tags.tolist()}), flush=True)


def _patches(audio: Any, hop: int) -> list[Any]:
    import librosa
    import numpy as np

    mel = librosa.feature.melspectrogram(y=audio, sr=16000, n_fft=512, hop_length=256, n_mels=96)
    frames = np.log10(1.0 + 10000.0 * mel.T).astype(np.float32)
    if len(frames) < 187:
        frames = np.resize(frames, (187, 96))
    return [frames[start : start + 187] for start in range(0, len(frames) - 186, hop)]


KEYS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def _key(chroma: Any) -> str:
    import numpy as np

    matches = [np.corrcoef(chroma, np.roll(profile, tonic))[0, 1] for profile in PROFILES for tonic in range(12)]
    best = int(np.argmax(matches))
    return f"{KEYS[best % 12]} {('major', 'minor')[best // 12]}"


if __name__ == "__main__":
    main()
