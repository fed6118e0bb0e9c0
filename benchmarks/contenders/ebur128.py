"""libebur128 by pyebur128, fed by libsndfile: integrated loudness, loudness range and true peak, nothing else."""

from __future__ import annotations

import argparse
import json

BLOCK_FRAMES = 65_536


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*")
    asked = parser.parse_args()

    import pyebur128
    import soundfile

    modes = pyebur128.MeasurementMode
    wanted = modes.MODE_I | modes.MODE_LRA | modes.MODE_TRUE_PEAK
    for path in asked.files:
        with soundfile.SoundFile(path) as sound:
            state = pyebur128.R128State(sound.channels, sound.samplerate, wanted)
            for block in sound.blocks(BLOCK_FRAMES, dtype="float32", always_2d=True):
                state.add_frames(block.ravel(), len(block))
            peak = max(pyebur128.get_true_peak(state, channel) for channel in range(sound.channels))
            loudness, spread = pyebur128.get_loudness_global(state), pyebur128.get_loudness_range(state)
        print(json.dumps({"path": path, "lufs": loudness, "range_lu": spread, "peak": peak}), flush=True)


if __name__ == "__main__":
    main()
