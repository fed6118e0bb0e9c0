"""Whether the kernels give the same bits on other processors: compiled for each, run here or emulated.

Input: compilers. Output: by machine the lines that ``bits.c`` prints. 64-bit ARM needs a cross compiler and qemu's user
mode emulation (Debian: gcc-aarch64-linux-gnu, libc6-dev-arm64-cross, qemu-user-static).
"""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from playlista.native.build import FLAGS, FOLDER, sources

PROGRAM = Path(__file__).parent / "bits.c"
TIMEOUT_SECONDS = 300
ARM_COMPILER, ARM_EMULATOR = "aarch64-linux-gnu-gcc", "qemu-aarch64-static"


def bits(folder: Path, compiler: str, *extra: str, emulator: str | None = None) -> str:
    """What the program prints, compiled into `folder`."""
    program = folder / "bits"
    flags = [flag for flag in FLAGS if flag not in ("-shared", "-fPIC")]
    files = [str(path) for path in (PROGRAM, *sources())]
    stated = ['-DCHECKSUM=""', f"-I{FOLDER}", "-DONE_COPY"]
    subprocess.run(
        [*compiler.split(), *flags, *stated, *extra, "-o", str(program), *files], check=True, timeout=TIMEOUT_SECONDS
    )
    command = [emulator, str(program)] if emulator else [str(program)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIMEOUT_SECONDS).stdout


def machines(folder: Path, compiler: str) -> Iterator[tuple[str, str]]:
    """Name and printed lines of each machine that can be tried here; the first is this one at its plainest."""
    yield "this machine", bits(folder, compiler)
    yield "this machine, not optimized", bits(folder, compiler, "-O0")
    if platform.machine() == "x86_64":
        yield "AVX2 and fused products allowed", bits(folder, compiler, "-mavx2", "-mfma")
    if shutil.which(ARM_COMPILER) and shutil.which(ARM_EMULATOR):
        yield "64-bit ARM, emulated", bits(folder, ARM_COMPILER, "-static", emulator=ARM_EMULATOR)
