"""The values of the published package, to hold ours against: ``python benchmarks/vibenet_reference.py MUSIC OUT.json``.

To be run in an environment of its own with ``vibenet==0.1.0`` installed (it brings librosa and audio libraries of its
own): its ``load_audio`` and ``predict``, as its command line calls them, over whole recordings. Output: values and
seconds by path, and the versions of what made them.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

SAMPLE_RATE_HZ = 16_000
PACKAGES = ("vibenet", "onnxruntime", "librosa", "soxr", "soundfile", "numpy", "scipy")


def main() -> None:
    from vibenet import load_model
    from vibenet.core import load_audio

    from benchmarks.quality_mood import RECORDINGS

    music, output = map(Path, sys.argv[1:])
    network, recordings = load_model(), {}
    for name in RECORDINGS:
        samples = load_audio(str(music / name), SAMPLE_RATE_HZ)
        values = network.predict([samples], SAMPLE_RATE_HZ)[0].to_dict()
        recordings[name] = {key: round(value, 5) for key, value in values.items()}
    made_by = {package: version(package) for package in PACKAGES}
    output.write_text(json.dumps({"made_by": made_by, "recordings": recordings}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
