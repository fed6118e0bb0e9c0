"""``python -m playlista.native.build``: compiles the kernels next to their sources, where there is a compiler.

Input: the C files of this folder and a C compiler. Output: the shared library that ``library`` loads, and a line for
people on stderr. Without a compiler nothing is built and nothing fails: the analysis then runs in NumPy. Standard
library only, so that an image can build it before any package is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
#: No -march and no -ffast-math: every processor computes the same bits. No contraction either, which GCC does by itself
#: on ARM: a product and a sum are rounded one after the other, with and without such an instruction.
FLAGS = ("-std=gnu99", "-O3", "-ffp-contract=off", "-fno-math-errno", "-fPIC", "-shared", "-fvisibility=hidden")
#: Seconds for a compiler that hangs.
TIMEOUT_SECONDS = 300
#: Bytes at the end of a library, which the loader passes over: the SHA-256 of all before.
SEAL_BYTES = hashlib.sha256().digest_size


def sources() -> list[Path]:
    """The C files, in the order in which they are compiled."""
    return sorted(FOLDER.glob("*.c"))


def checksum() -> str:
    """Of the sources and the flags, which the library carries in its name and in itself."""
    state = hashlib.sha256(" ".join(FLAGS).encode())
    for path in (*sources(), *sorted(FOLDER.glob("*.h"))):
        state.update(path.name.encode() + b"\0" + path.read_bytes())
    return state.hexdigest()[:16]


def library_path(folder: Path = FOLDER, machine: str = platform.machine()) -> Path:
    """Where the library of these sources for `machine` is or would be."""
    return folder / f"kernels-{machine}-{checksum()}.so"


def seal(library: Path) -> None:
    """Append to `library` what `is_whole` looks for."""
    content = library.read_bytes()
    library.write_bytes(content + hashlib.sha256(content).digest())


def is_whole(library: Path) -> bool:
    """Whether every byte of `library` is as it was built: one cut short or torn ends the process that loads it.

    Raises
    ------
    OSError : it cannot be read.
    """
    content = library.read_bytes()
    return hashlib.sha256(content[:-SEAL_BYTES]).digest() == content[-SEAL_BYTES:]


def _is_built(library: Path) -> bool:
    try:
        return is_whole(library)
    except OSError:
        return False


def command(compiler: Sequence[str], output: Path, extra: Sequence[str] = ()) -> list[str]:
    """How the library is compiled; `extra` flags are those of sanitizers."""
    stated = f'-DCHECKSUM="{checksum()}"'
    return [*compiler, *FLAGS, *extra, stated, "-o", os.fspath(output), *map(os.fspath, sources())]


def build(compiler: Sequence[str] = ("cc",), folder: Path = FOLDER, machine: str = platform.machine()) -> str | None:
    """Build the library into `folder`, and remove older ones of `machine`; why that was not possible."""
    target = library_path(folder, machine)
    try:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            made = Path(place) / target.name
            done = subprocess.run(
                command(compiler, made), check=False, capture_output=True, text=True, timeout=TIMEOUT_SECONDS
            )
            if done.returncode:
                return f"{compiler[0]} failed: {(done.stderr.strip() or 'without a word').splitlines()[-1]}"
            seal(made)
            made.replace(target)
    except FileNotFoundError as error:
        return f"there is no C compiler ({compiler[0]})" if error.filename == compiler[0] else str(error)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    for other in folder.glob(f"kernels-{machine}-*.so"):
        if other != target:
            with suppress(OSError):  # another build was first, or it is somebody else's; it is not loaded anyhow
                other.unlink()
    return None


def main(arguments: Sequence[str] | None = None) -> None:
    """Build what is not there yet, and say so."""
    parser = argparse.ArgumentParser(prog="python -m playlista.native.build", description="Compile the native kernels.")
    parser.add_argument("--compiler", default="cc", help="with its own options, separated by spaces")
    parser.add_argument("--into", type=Path, default=FOLDER, metavar="FOLDER")
    parser.add_argument("--machine", default=platform.machine(), help="for which it compiles, as in `uname -m`")
    asked = parser.parse_args(arguments)
    if _is_built(library_path(asked.into, asked.machine)):
        return
    sys.stderr.write("playlista: compiling the native kernels (once)\n")
    why = build(asked.compiler.split() or ["cc"], asked.into, asked.machine)
    if why:
        sys.stderr.write(f"playlista: no native kernels, {why}; NumPy gives the same values in more CPU time\n")


if __name__ == "__main__":
    main()
