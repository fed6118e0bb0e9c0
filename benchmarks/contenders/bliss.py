"""bliss-audio, a library in Rust: 23 numbers of tempo, timbre, level and chroma to tell which songs sound alike."""

from __future__ import annotations

import argparse
import json


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*")
    asked = parser.parse_args()

    import bliss_audio

    for path in asked.files:
        print(json.dumps({"path": path, "values": len(bliss_audio.Song(path).analysis)}), flush=True)


if __name__ == "__main__":
    main()
