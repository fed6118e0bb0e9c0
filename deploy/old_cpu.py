"""Every runtime of MusiCNN on processors without AVX, as qemu emulates them: ``python -m deploy.old_cpu MUSIC_FILE``.

Input: a short music file. Output: a Markdown table of what ``playlista analyze`` said on each processor. Exit code 1
when one ended by a signal, or took a runtime that it had to refuse, or the reverse. Needs root (for a /proc/cpuinfo of
that processor in a mount namespace of its own) and Debian's qemu-user-static.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
QEMU = "qemu-x86_64-static"
SECONDS = 900

#: What every 64-bit x86 processor lists, and what the levels of the x86-64 psABI add to it.
LEVEL_1 = (
    "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 syscall nx lm"
)
LEVEL_2 = f"{LEVEL_1} pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm"


@dataclass(frozen=True, slots=True)
class Processor:
    """A processor as qemu names it, its flags in /proc/cpuinfo, and the runtimes that have to work on it."""

    name: str
    years: str
    flags: str
    works: frozenset[str]


PROCESSORS = (
    Processor("Nehalem", "2008, no AVX", LEVEL_2, frozenset({"numpy", "onnx", "essentia"})),
    Processor(
        "qemu64,+pni,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16,+lahf_lm",
        "no more than x86-64-v2, the least of NumPy",
        LEVEL_2,
        frozenset({"numpy", "onnx", "essentia"}),
    ),
    Processor("Penryn", "2007, no SSE4.2", f"{LEVEL_1} pni ssse3 cx16 sse4_1 lahf_lm", frozenset()),
    Processor("core2duo", "2006, as Atom D2700", f"{LEVEL_1} pni ssse3 cx16 lahf_lm", frozenset()),
)
RUNTIMES = ("numpy", "onnx", "essentia", "tensorflow")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How ``playlista analyze`` ended on a processor."""

    processor: Processor
    runtime: str
    code: int
    said: str

    @property
    def is_right(self) -> bool:
        """Whether it worked where it has to, and else was refused in one line with exit code 1."""
        works = self.runtime in self.processor.works
        return self.code == (0 if works else 1) and (works or self.said.count("\n") == 0)


def analyze(processor: Processor, runtime: str, music: Path, cpuinfo: Path) -> Outcome:
    """Run ``playlista analyze`` on `music` with `runtime`, emulated."""
    cpuinfo.write_text(f"processor\t: 0\nflags\t\t: {processor.flags}\n", encoding="ascii")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    environment |= {
        "MUSICNN_RUNTIME": runtime,
        "MODELS_DIR": str(PROJECT / "build/models"),
        "DATA_DIR": str(cpuinfo.parent),
    }
    inside = f'mount --bind "{cpuinfo}" /proc/cpuinfo && exec "$@"'
    emulated = [QEMU, "-cpu", processor.name, sys.executable, "-m", "playlista", "analyze", "--json", str(music)]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", inside, "sh", *emulated],  # noqa: S607 - the system's
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    if done.returncode != 0:
        return Outcome(processor, runtime, done.returncode, done.stderr.strip())
    result = json.loads(done.stdout)
    tag, activation = max(result["tags"].items(), key=lambda one: float(one[1]))
    return Outcome(processor, runtime, 0, f"{result['rhythm']['bpm']} BPM, {tag} {activation:.5f}")


def outcomes(music: Path) -> Iterator[Outcome]:
    """Every runtime on every processor."""
    with tempfile.TemporaryDirectory() as folder:
        for processor in PROCESSORS:
            for runtime in RUNTIMES if processor.works else RUNTIMES[:1]:
                yield analyze(processor, runtime, music, Path(folder) / "cpuinfo")


def main(music: Path) -> int:
    """Print the table."""
    sys.stdout.write("| processor | runtime | exit code | result, or what is said |\n|---|---|---|---|\n")
    are_right = True
    for outcome in outcomes(music):
        name = re.sub(",.*", "", outcome.processor.name)
        mark = "" if outcome.is_right else " **wrong**"
        said = outcome.said.replace("\n", " / ").removeprefix("playlista: ")
        cells = (f"{name} ({outcome.processor.years})", outcome.runtime, f"{outcome.code}{mark}", said)
        sys.stdout.write(f"| {' | '.join(cells)} |\n")
        sys.stdout.flush()
        are_right &= outcome.is_right
    return 0 if are_right else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
