"""What it costs to compare a file's own checksums while it is decoded: ``python -m benchmarks.integrity``.

Input: nothing. Output: the table of docs/appendix/integrity.md: CPU milliseconds for a minute of stereo music in each
format, decoded with and without the check, children included. Both take turns, and the fastest of each counts, so that
other work on the machine matters little.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import soundfile

from benchmarks.machine import describe
from benchmarks.tables import markdown_table, write_section
from tests.decode.encoded_files import ENCODED
from tests.decode.files import encoded, opened
from tests.signals import song

PAGE = Path(__file__).resolve().parents[1] / "docs/appendix/integrity.md"
FORMATS = ("flac", "24.flac", "mp3", "vbr.mp3", "ogg", "opus", "oga", "aac", "wv", "tta", "wav", "m4a")
SECONDS = 60
RATE_HZ = 44100


def make(folder: Path) -> Iterator[Path]:
    """A minute of the same stereo music in every format."""
    stereo = song(SECONDS)
    for suffix in FORMATS:
        path = folder / f"song.{suffix}"
        if suffix == "24.flac":
            soundfile.write(path, stereo, RATE_HZ, subtype="PCM_24")
        else:
            encoded(stereo, RATE_HZ, path, *ENCODED[suffix])
        yield path


def cpu_seconds(path: Path, *, checks: bool) -> tuple[float, str]:
    """CPU seconds of one pass, and what it found."""
    before = _spent()
    with opened(path, checks_integrity=checks) as source:
        deque(source.blocks(), maxlen=0)
        state = source.integrity.state if source.integrity else ""
    return _spent() - before, state


def row(path: Path, rounds: int) -> tuple[str, ...]:
    """The cost of one format."""
    plain, checked, state = [], [], ""
    for _ in range(rounds):
        plain.append(cpu_seconds(path, checks=False)[0])
        spent, state = cpu_seconds(path, checks=True)
        checked.append(spent)
    without, with_check = (1000 * min(times) * 60 / SECONDS for times in (plain, checked))
    suffix = path.name.removeprefix("song.")
    return suffix, state, f"{without:.0f}", f"{with_check:.0f}", f"{max(0.0, with_check - without):.0f}"


def _spent() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def main() -> int:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        rows = [row(path, rounds) for path in make(Path(name))]
    header = ["format", "found", "decoding, CPU ms a minute", "with the check", "more"]
    table = markdown_table(header, rows)
    sys.stdout.write(f"{table}\n")
    write_section(PAGE, "cost", f"`python -m benchmarks.integrity`. {describe()}\n\n{table}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
