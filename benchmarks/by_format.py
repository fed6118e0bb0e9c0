"""What a minute of music costs by format, with us and with others: ``python -m benchmarks.by_format RECORDING``.

Input: a recording of some minutes, which ffmpeg encodes in each format; ``--peers PYTHON`` is an interpreter that has
bliss-audio, pyebur128 and soundfile. Output: a table, with ``--write`` in the page of benchmarks. Every contender
is a fresh process on one thread, in turns with all others. What it costs with the first six seconds alone is taken off:
its start, its model, and what it loads when it first needs it. Who cannot read a format or is not installed has no
figure.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import machine
from benchmarks.children import ChildFailed, Run, run
from benchmarks.contest import RUNTIMES, Contender, ours, peers
from benchmarks.floor import encode
from benchmarks.published import published_graphs
from benchmarks.tables import markdown_table, mib, write_section

PAGE = Path("docs/appendix/benchmarks.md")
SECONDS, SHORT_SECONDS = 60, 6
#: Of the peers of the long contest, those that have their own row here.
WHOLE_PEERS = ("librosa", "extractor")


@dataclass(slots=True)
class Costs:
    """CPU seconds by round with the first seconds alone and with all of the file, and the most that was resident."""

    starts: list[float]
    whole: list[float]
    peak_bytes: int

    def of_a_minute(self, seconds: float) -> float:
        """CPU milliseconds, the median of the rounds."""
        spent = (whole - start for whole, start in zip(self.whole, self.starts, strict=True))
        return statistics.median(spent) * 60_000 / (seconds - SHORT_SECONDS)


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


def measure(chosen: Sequence[Contender], short: Path, whole: Path, rounds: int) -> dict[str, Costs]:
    """What those that can read them spend on both files, in turns; by the contender's key."""
    able = [contender for contender in chosen if _can_read(contender, short) and _can_read(contender, whole)]
    costs: dict[str, Costs] = {contender.key: Costs([], [], 0) for contender in able}
    for number in range(rounds):
        for contender in (*able[number % len(able) :], *able[: number % len(able)]):
            of_it = costs[contender.key]
            begun, done = (_run(contender, path) for path in (short, whole))
            of_it.starts.append(begun.cpu_seconds)
            of_it.whole.append(done.cpu_seconds)
            of_it.peak_bytes = max(of_it.peak_bytes, done.peak_rss_bytes)
        print(f"  round {number + 1}", flush=True)
    return costs


def _run(contender: Contender, path: Path) -> Run:
    return run([*contender.command, str(path)], environment=contender.environment).checked()


def _can_read(contender: Contender, path: Path) -> bool:
    """Also fills the page cache and what is compiled once."""
    try:
        _run(contender, path)
    except ChildFailed as error:
        print(f"benchmarks: {contender.key} cannot read {path.name}: {str(error).splitlines()[-1]}", flush=True)
        return False
    return True


def table(chosen: Sequence[Contender], found: Mapping[str, Mapping[str, Costs]], seconds: float) -> str:
    """A row each: CPU milliseconds a minute by format, and the peak of memory over all formats."""
    rows = []
    for one in chosen:
        costs = [of_format.get(one.key) for of_format in found.values()]
        figures = [f"{cost.of_a_minute(seconds):.0f}" if cost else "-" for cost in costs]
        rows.append((one.title, one.does, *figures, mib(max(cost.peak_bytes for cost in costs if cost))))
    return markdown_table(("program", "computes", *found, "peak RSS MiB"), rows)


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
    with tempfile.TemporaryDirectory() as long_place, tempfile.TemporaryDirectory() as short_place:
        shorts = encode(asked.recording, Path(short_place), SHORT_SECONDS)
        for (name, whole), (_, short) in zip(
            encode(asked.recording, Path(long_place), asked.seconds), shorts, strict=True
        ):
            print(f"benchmarks: {name}", flush=True)
            found[name] = measure(chosen, short, whole, asked.rounds)
    chosen = [one for one in chosen if any(one.key in of_format for of_format in found.values())]
    said = f"{machine.describe()} {asked.seconds} s of one recording; CPU ms a minute, median of {asked.rounds} rounds."
    text = f"{said}\n\n{table(chosen, found, asked.seconds)}"
    print(text)
    if asked.write:
        write_section(PAGE, "formats", text)


if __name__ == "__main__":
    main()
