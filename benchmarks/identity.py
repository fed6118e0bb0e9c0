"""Whether the identity of music is the same on every machine: ``python -m benchmarks.identity [--arm64-root FOLDER]``.

Input: nothing but what `sh deploy/tools.sh image` installs; for ARM also the root that `make test-arm64` leaves in
build/arm64/root. Output: the tables of docs/appendix/identity.md: a minute of music in every format and a retagged copy
of it, hashed on this machine, on an emulated processor without AVX, and on emulated ARM; and what that costs.
Exit code 1 where an identity of encoded audio differs. Needs root.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import describe
from benchmarks.tables import markdown_table, write_section
from deploy.old_cpu import LEVEL_2, QEMU
from playlista.decode.readers.ffmpeg_child import ffmpeg_path
from tests.decode.encoded_files import BY_HAND, ENCODED, UNTAGGED, retag, song
from tests.decode.files import encoded
from tests.signals import song as music

PROJECT = Path(__file__).resolve().parents[1]
PAGE = PROJECT / "docs/appendix/identity.md"
ARM_ROOT = PROJECT / "build/arm64/root"
SECONDS = 3600
#: A picture as large as many are.
PICTURE = bytes(range(256)) * 2000

#: By the name of a file what was found out about it.
Found = dict[str, dict[str, Any]]


def make(folder: Path) -> None:
    """A minute of the same music in every format, and copies with tags where the format has any."""
    minute = music(60)
    for suffix in (*ENCODED, *BY_HAND):
        path = folder / f"song.{suffix}"
        if suffix in ENCODED:
            encoded(minute, 44100, path, *ENCODED[suffix])
        else:
            song(folder, suffix)
        if suffix not in UNTAGGED:
            retag(Path(shutil.copy(path, folder / f"retagged-{path.name}")), "Title", PICTURE)


def here(folder: Path) -> Found:
    """On this machine."""
    return _found([sys.executable, "-m", "benchmarks.probes.identity", str(folder)])


def without_avx(folder: Path) -> Found:
    """On a Nehalem of 2008, as qemu has it; ffmpeg, a program of its own, is emulated by a script in front of it."""
    with tempfile.TemporaryDirectory() as scratch:
        cpuinfo = Path(scratch, "cpuinfo")
        cpuinfo.write_text(f"processor\t: 0\nflags\t\t: {LEVEL_2}\n", "ascii")
        script = Path(scratch, "ffmpeg")
        script.write_text(f'#!/bin/sh\nexec {QEMU} -cpu Nehalem "{ffmpeg_path()}" "$@"\n', "ascii")
        script.chmod(0o755)
        inside = f'mount --bind "{cpuinfo}" /proc/cpuinfo && exec "$@"'
        emulated = [QEMU, "-cpu", "Nehalem", sys.executable, "-m", "benchmarks.probes.identity", str(folder)]
        command = ["unshare", "--mount", "sh", "-c", inside, "sh", *emulated]
        return _found(command, PATH=f"{scratch}:{os.environ['PATH']}")


def on_arm(folder: Path, root: Path) -> Found:
    """On a Cortex-A72, as qemu has it, with the packages that `make test-arm64` installed and the code of this tree."""
    python = next(root.glob("opt/*/.venv/bin/python"))
    arm64 = PROJECT / "deploy/arm64"
    inside = ["env", "PYTHONPATH=/mnt/project/daemon:/mnt/project", "PYTHONDONTWRITEBYTECODE=1"]
    probe = [*inside, f"/{python.relative_to(root)}", "-m", "benchmarks.probes.identity", "/mnt/music"]
    command = [sys.executable, str(arm64 / "emulate.py"), "sh", str(arm64 / "enter.sh"), str(root), *probe]
    return _found(command, BIND=f"{PROJECT}:/mnt/project {folder}:/mnt/music")


def _found(command: Sequence[str], **more: str) -> Found:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    done = subprocess.run(
        command, env=environment | more, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True, timeout=SECONDS
    )
    return {one["name"]: one for one in map(json.loads, done.stdout.splitlines())}


def rows(machines: Mapping[str, Found]) -> Iterator[tuple[str, ...]]:
    """A row for each format: whether tags and machines leave its identity, and whether they leave the decoded sound."""
    first, *others = machines.values()
    for name, one in first.items():
        if name.startswith("retagged-"):
            continue
        tagged = first.get(f"retagged-{name}")
        yield (
            name.removeprefix("song."),
            one["kind"],
            "no tags known" if tagged is None else _word(one, tagged, "encoded"),
            *(_word(one, other.get(name, {}), "encoded") for other in others),
            *(_word(one, other.get(name, {}), "decoded") for other in others),
        )


def _word(one: Mapping[str, Any], other: Mapping[str, Any], key: str) -> str:
    if one[key] is None:
        return "no music" if key == "decoded" else "none"
    if other.get(key) is None:
        return "not decoded"
    return "equal" if one[key] == other[key] else "differs"


def costs(found: Found) -> Iterator[tuple[str, ...]]:
    """A row for each format with an encoder: CPU milliseconds for a minute of music."""
    for name, one in found.items():
        suffix = name.removeprefix("song.")
        if suffix in ENCODED:
            own = max(0.0, one["milliseconds"] - one["content_milliseconds"])
            yield suffix, f"{one['content_milliseconds']:.1f}", f"{own:.1f}"


def main() -> int:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--arm64-root", type=Path, default=ARM_ROOT)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder)
        machines = {"this machine": here(folder), "x86-64 without AVX": without_avx(folder)}
        if arguments.arm64_root.is_dir():
            machines["arm64"] = on_arm(folder, arguments.arm64_root)
    others = list(machines)[1:]
    table = list(rows(machines))
    header = ["format", "kind", "retagged", *others, *(f"decoded: {other}" for other in others)]
    write_section(PAGE, "machines", f"{describe()}\n\n{markdown_table(header, table)}")
    header = ["format", "hash of the bytes, ms", "identity on top, ms"]
    write_section(PAGE, "cost", markdown_table(header, costs(machines["this machine"])))
    return int(any("differs" in row[2 : 3 + len(others)] for row in table))


if __name__ == "__main__":
    sys.exit(main())
