"""VibeNet in parts against the published package, and what it costs: ``python -m benchmarks.vibenet --music FOLDER``.

Input: a folder with the recordings of ``vibenet_reference.json``, whose values the published package gave
(``benchmarks/vibenet_reference.py``), and models prepared with ``models prepare`` and ``--mood``. Output: a table in
docs/mood.md; an error where a value differs by more than 0.03.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import soundfile

from benchmarks.children import Run, python, run
from benchmarks.tables import MIB, markdown_table, write_section

PAGE = Path("docs/mood.md")
REFERENCE = Path(__file__).with_name("vibenet_reference.json")
#: What must not be exceeded by any value of any recording.
MOST_DIFFERENCE = 0.03
#: Minutes of the tracks whose cost is measured: recordings one after another.
LENGTHS_MINUTES = (1, 2, 4, 10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--music", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("build/models"))
    parser.add_argument("--work", type=Path, default=Path("build/bench/vibenet"))
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    expected = json.loads(REFERENCE.read_text(encoding="utf-8"))["recordings"]
    there = [name for name in expected if (asked.music / name).is_file()]
    found = results(analyzed(asked, "vibenet", [asked.music / name for name in there]))
    differences = {
        name: max(abs(result["vibenet"][key] - value) for key, value in expected[name].items())
        for name, result in zip(there, found, strict=True)
    }
    text = table(differences, list(costs(asked)))
    print(text)
    write_section(PAGE, "vibenet", text)
    if max(differences.values()) > MOST_DIFFERENCE:
        sys.exit(f"benchmarks: values differ by more than {MOST_DIFFERENCE}: {differences}")


def analyzed(asked: argparse.Namespace, model: str, paths: list[Path]) -> Run:
    """One process that analyzes `paths`, with MusiCNN on ONNX Runtime, with or without VibeNet."""
    command = python("-m", "playlista", "analyze", "--json", *map(str, paths))
    settings = {"MOOD_MODEL": model, "MODELS_DIR": str(asked.models.resolve()), "MUSICNN_RUNTIME": "onnx"}
    return run(command, environment=settings).checked()


def results(ended: Run) -> list[dict[str, Any]]:
    """The results that it wrote, in order."""
    return [json.loads(line) for line in ended.output.splitlines()]


def costs(asked: argparse.Namespace) -> Iterator[tuple[int, float, float, float]]:
    """Minutes of a track; CPU milliseconds a minute of VibeNet, of all else; MiB of anonymous memory on top."""
    for minutes in LENGTHS_MINUTES:
        path = asked.work / f"{minutes}.wav"
        make_track(asked.music, path, minutes)
        without, with_it = (analyzed(asked, model, [path]) for model in ("off", "vibenet"))
        timings = results(with_it)[0]["timings"]
        network = timings["vibenet_seconds"]
        others = sum(value for name, value in timings.items() if name not in ("vibenet_seconds", "total_seconds"))
        more = with_it.peak_anonymous_bytes - without.peak_anonymous_bytes
        yield minutes, 1000 * network / minutes, 1000 * others / minutes, more / MIB


def make_track(music: Path, path: Path, minutes: int) -> None:
    """The longest of the recordings, again and again."""
    source = music / next(iter(json.loads(REFERENCE.read_text(encoding="utf-8"))["recordings"]))
    samples, rate_hz = soundfile.read(source, dtype="int16", always_2d=True)
    with soundfile.SoundFile(path, "w", rate_hz, samples.shape[1], subtype="PCM_16") as file:
        missing = minutes * 60 * rate_hz
        while missing > 0:
            file.write(samples[:missing])
            missing -= len(samples)


def table(differences: dict[str, float], measured: list[tuple[int, float, float, float]]) -> str:
    """How near, then how dear."""
    near = sum(value <= 0.001 for value in differences.values())
    lines = (
        f"{len(differences)} recordings against the published package (`python -m benchmarks.vibenet`): {near} within "
        f"0.001 in all seven values, the greatest difference {max(differences.values()):.4f}."
    )
    header = ("track, minutes", "VibeNet, CPU ms a minute", "all else, CPU ms a minute", "more memory at most, MiB")
    cells = [(minutes, f"{network:.0f}", f"{others:.0f}", f"{more:.0f}") for minutes, network, others, more in measured]
    return f"{lines}\n\n{markdown_table(header, cells)}"


if __name__ == "__main__":
    main()
