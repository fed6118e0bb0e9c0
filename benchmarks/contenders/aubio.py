"""The ``aubio`` program: tempo alone, with its defaults."""

from __future__ import annotations

import argparse
import json
import subprocess


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*")
    asked = parser.parse_args()
    for path in asked.files:
        said = subprocess.run(["aubio", "tempo", path], check=True, capture_output=True, text=True).stdout
        print(json.dumps({"path": path, "bpm": float(said.split()[0])}), flush=True)


if __name__ == "__main__":
    main()
