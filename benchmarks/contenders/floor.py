"""The floor: nothing but decoding each file and running MusiCNN on its patches, which were computed beforehand.

With ``--published`` the graph as its authors published it, else ours, folded; both in the same runtime, one patch at a
time, as the daemon runs it.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import tempfile
from pathlib import Path
from typing import Any


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runtime", required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--published", type=Path, help="published.pb or published.onnx")
    parser.add_argument("--patches", type=Path, help="folder that benchmarks.contenders.patches has filled")
    parser.add_argument("files", nargs="*")
    asked = parser.parse_args()

    import numpy as np
    import soundfile

    infer = _inference(asked.runtime, asked.models, asked.published)
    for path in asked.files:
        frames = 0
        with soundfile.SoundFile(path) as file:
            while count := len(file.read(3 * file.samplerate, dtype="float32")):
                frames += count
        patches = np.load(asked.patches / f"{Path(path).name}.npy")
        tags = np.mean([infer(patch[np.newaxis])[0] for patch in patches], axis=0)
        print(json.dumps({"path": path, "frames": frames, "patches": len(patches), "tags": tags.tolist()}), flush=True)


def _inference(runtime: str, models: Path, published: Path | None) -> Any:
    """A call from patches to activations."""
    if published is not None and runtime == "onnx":
        return _published_onnx(published)
    from playlista.musicnn.files import ModelFiles
    from playlista.musicnn.runtimes.runtime import load_runtime

    files = ModelFiles.find(models)
    assert files is not None, f"no model in {models}"
    if published is not None:
        folder = Path(tempfile.mkdtemp())
        (folder / "msd-musicnn.pb").symlink_to(os.path.abspath(published))
        files = dataclasses.replace(files, folder=folder)
    loaded = load_runtime(runtime, files)
    return lambda patches: loaded.activations(patches)[0]


def _published_onnx(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda patches: session.run(["activations"], {"patch": patches})[0]


if __name__ == "__main__":
    main()
