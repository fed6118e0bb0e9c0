"""What a minute of music costs by format, with us and with others: ``python -m benchmarks.by_format RECORDING``.

Input: a recording of some minutes, which ffmpeg encodes in each format; ``--peers PYTHON`` is an interpreter that has
bliss-audio, pyebur128 and soundfile. Output: a table, with ``--write`` in the page of benchmarks. Every contender
is a fresh process on one thread, in turns with all others; what it costs without a file is taken off. Who cannot read a
format or is not installed has no figure.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.children import ChildFailed, run
from benchmarks.contest import RUNTIMES, Contender, contest, ours, peers
from benchmarks.floor import encode
from benchmarks.published import published_graphs
from benchmarks.tables import markdown_table, mib, write_section

PAGE = Path("docs/appendix/benchmarks.md")
SECONDS = 60
#: Of the peers of the long contest, those that have their own row here.
WHOLE_PEERS = ("librosa", "extractor")


def contenders(asked: argparse.Namespace) -> Iterator[Contender]:
    """Ours by runtime and without tags, then the others."""
    yield from (ours(runtime, asked.models) for runtime in asked.runtimes)
    bare = ours("off", asked.models)
    yield replace(bare, does=bare.does.removesuffix(", tags, embedding"), hop_frames=None)
    if asked.peers:
        yield _small("bliss", "bliss-audio", "23 numbers of timbre, tempo, chroma", asked.peers)
        yield _small("ebur128", "libebur128", "loudness, range, true peak", asked.peers)
    if shutil.which("aubio"):
        yield _small("aubio", "aubio", "tempo", asked.peers or "python3")
    graphs = published_graphs(asked.work / "model", asked.wheel)
    yield from (peer for peer in peers(graphs) if peer.key in WHOLE_PEERS)


def _small(name: str, title: str, does: str, interpreter: str) -> Contender:
    return Contender(name, title, does, None, [interpreter, "-m", f"benchmarks.contenders.{name}"])


def measure(chosen: Sequence[Contender], path: Path, rounds: int) -> dict[str, Any]:
    """The contest over one file, between those that can read it."""
    with tempfile.TemporaryDirectory() as nothing:
        able = [contender for contender in chosen if _can_read(contender, path)]
        return contest(able, [str(path)], nothing, rounds)


def _can_read(contender: Contender, path: Path) -> bool:
    """Also fills the page cache and what is compiled once."""
    try:
        run([*contender.command, str(path)], environment=contender.environment).checked()
    except ChildFailed as error:
        print(f"benchmarks: {contender.key} cannot read {path.name}: {str(error).splitlines()[-1]}", flush=True)
        return False
    return True


def table(chosen: Sequence[Contender], found: Mapping[str, Mapping[str, Any]], seconds: float) -> str:
    """A row each: CPU milliseconds a minute by format, and the peak of memory over all formats."""

    def each(key: str) -> list[str]:
        return [_cell(of_format.get(key), lambda one: f"{_cost(one, seconds):.0f}") for of_format in found.values()]

    def peak(key: str) -> str:
        runs = [figures for of_format in found.values() if key in of_format for figures in of_format[key]["runs"]]
        return mib(max(figures["peak_rss_bytes"] for figures in runs))

    rows = [(one.title, one.does, *each(one.key), peak(one.key)) for one in chosen]
    return markdown_table(("program", "computes", *found, "peak RSS MiB"), rows)


def _cell(of_contender: Any, figure: Callable[[Any], str]) -> str:
    return figure(of_contender) if of_contender else "-"


def _cost(of_contender: Mapping[str, Any], seconds: float) -> float:
    """CPU ms a minute, the start taken off: the median of the rounds."""
    pairs = zip(of_contender["runs"], of_contender["starts"], strict=True)
    return statistics.median(60_000 * (work["cpu_seconds"] - start["cpu_seconds"]) / seconds for work, start in pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--models", type=Path, default=Path("build/models"))
    parser.add_argument("--work", type=Path, default=Path("build/bench"))
    parser.add_argument("--wheel", type=Path, help="the musicnn wheel, where pip cannot fetch it")
    parser.add_argument("--peers", help="an interpreter that has bliss-audio, pyebur128 and soundfile")
    parser.add_argument("--runtimes", nargs="+", default=RUNTIMES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=SECONDS, help="of the recording")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE}")
    asked = parser.parse_args()
    chosen = list(contenders(asked))
    found = {}
    with tempfile.TemporaryDirectory() as place:
        for name, path in encode(asked.recording, Path(place), asked.seconds):
            print(f"benchmarks: {name}", flush=True)
            found[name] = measure(chosen, path, asked.rounds)
    chosen = [one for one in chosen if any(one.key in of_format for of_format in found.values())]
    said = f"{machine.describe()} {asked.seconds} s of one recording; CPU ms a minute, median of {asked.rounds} rounds."
    text = f"{said}\n\n{table(chosen, found, asked.seconds)}"
    print(text)
    if asked.write:
        write_section(PAGE, "formats", text)


if __name__ == "__main__":
    main()
