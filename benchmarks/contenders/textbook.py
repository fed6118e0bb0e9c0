"""The textbook essentia way: whole tracks at 44.1 kHz, RhythmExtractor2013, KeyExtractor, TensorflowPredictMusiCNN.

As in essentia's tutorials on beat tracking, key and auto-tagging; all parameters but the hop are the defaults (batch
64).
"""

from __future__ import annotations

import argparse
import json


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graph", required=True)
    parser.add_argument("--hop", type=int, required=True, help="frames between patches; essentia's default is 93")
    parser.add_argument("files", nargs="*")
    asked = parser.parse_args()

    import essentia
    import essentia.standard as es

    essentia.log.infoActive = essentia.log.warningActive = False
    rhythm = es.RhythmExtractor2013(method="multifeature")
    key = es.KeyExtractor()
    musicnn = es.TensorflowPredictMusiCNN(graphFilename=asked.graph, output="model/Sigmoid", patchHopSize=asked.hop)
    for path in asked.files:
        audio = es.MonoLoader(filename=path, sampleRate=44100)()
        bpm, _beats, confidence, _, _ = rhythm(audio)
        tonic, scale, strength = key(audio)
        activations = musicnn(es.MonoLoader(filename=path, sampleRate=16000)())
        print(
            json.dumps(
                {
                    "path": path,
                    "bpm": bpm,
                    "confidence": confidence,
                    "key": f"{tonic} {scale}",
                    "strength": strength,
                    "patches": len(activations),
                    "tags": activations.mean(axis=0).tolist(),
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
