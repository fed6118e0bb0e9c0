"""Where the memory of one process goes while it analyzes a few tracks, in the four items of the guide's inventories.

overheads
    resident before any model and any track: interpreter, libraries, settings.
models
    what loading the model and running it once adds to that.
raw audio
    the most bytes of samples that a track's stream and its chunks held at one time.
features
    the rest of the peak: accumulators, working arrays of features and decoders, the C library's free pages.
"""

from __future__ import annotations

import json
import sys


def main(files: list[str]) -> None:
    from playlista.config import settings_from_process
    from playlista.system.environment import prepare_environment

    settings = settings_from_process()
    prepare_environment(settings.native_environment(), threads=1)
    import numpy as np

    from playlista.analysis.audio_analyzer import AudioAnalyzer
    from playlista.analysis.tagger import load_tagger
    from playlista.memory.cgroup import Cgroup
    from playlista.memory.cleanup import Cleanup
    from playlista.memory.process import resident_memory
    from playlista.memory_optimized_loader import MemoryOptimizedLoader

    cgroup, cleanup = Cgroup(), Cleanup(enabled=settings.memory_force_cleanup)
    overheads = resident_memory().resident_bytes
    tagger = load_tagger(settings, cgroup).accumulator
    assert tagger is not None, "no model"
    tagger.update(np.zeros(5 * 16000, dtype=np.float32))
    tagger.result()
    cleanup.after_track()
    models = resident_memory().resident_bytes - overheads
    analyzer = AudioAnalyzer(settings, tagger=tagger, cgroup=cgroup, cleanup=cleanup.after_chunk)
    retained = 0
    for path in files:
        retained = max(retained, analyzer.analyze(path).memory.retained_bytes)
        cleanup.after_track()
    peak = resident_memory().peak_bytes
    audio = max(_held(MemoryOptimizedLoader(settings, cgroup), path) for path in files)
    items = {"raw_audio": audio, "models": models, "overheads": overheads, "peak": peak, "retained": retained}
    print(json.dumps({**items, "features": peak - audio - models - overheads}))


def _held(loader: object, path: str) -> int:
    """Bytes of samples at most, from a pass that analyzes nothing."""
    with loader.open(path) as stream:  # type: ignore[attr-defined]
        for _chunk in stream:
            pass
        held: int = stream.held_bytes
        return held


if __name__ == "__main__":
    main(sys.argv[1:])
