"""Writes the very patches that the daemon computes of each file, for the floor: ``FOLDER FILE…``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


class Recorder:
    """Stands where the runtime stands, and keeps what it is given."""

    name = "none"

    def __init__(self) -> None:
        self.patches: list[Any] = []

    def activations(self, patches: Any) -> Any:
        import numpy as np

        self.patches.extend(patches)
        return np.zeros((len(patches), 1), np.float32), np.zeros((len(patches), 1), np.float32)


def main(folder: Path, files: list[str]) -> None:
    import numpy as np

    from playlista.analysis.track_stream import Signals
    from playlista.config import Settings
    from playlista.features.tags.accumulator import TagsAccumulator
    from playlista.memory_optimized_loader import MemoryOptimizedLoader

    loader = MemoryOptimizedLoader(Settings())
    for path in files:
        recorder = Recorder()
        accumulator = TagsAccumulator(recorder, ["tag"])
        with loader.open(path, signals=Signals(analysis=False)) as stream:
            for chunk in stream:
                accumulator.update(chunk.model)
        accumulator.result()
        np.save(folder / f"{Path(path).name}.npy", np.stack(recorder.patches))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
