"""essentia's MusicExtractor with its defaults, without tags: what AcousticBrainz ran on millions of tracks."""

from __future__ import annotations

import argparse
import json


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*")
    asked = parser.parse_args()

    import essentia
    import essentia.standard as es

    essentia.log.infoActive = essentia.log.warningActive = False
    for path in asked.files:
        pool, _frames = es.MusicExtractor()(path)
        tonal = f"{pool['tonal.key_edma.key']} {pool['tonal.key_edma.scale']}"
        print(json.dumps({"path": path, "bpm": float(pool["rhythm.bpm"]), "key": tonal}), flush=True)


if __name__ == "__main__":
    main()
