"""Boot a Linux kernel with a real cgroup v2 memory controller as a process of this machine.

Input: the folder for its disk, and what it is to run. Output: the lines that it prints. The kernel is Debian's
``user-mode-linux`` (``sh deploy/tools.sh cgroup2`` fetches it); its root file system is this machine's, read-only, so
that the project and its Python are where they are here. Neither root nor KVM is needed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[2]
KERNEL = PROJECT / "build/tools/uml/usr/bin/linux.uml"

MEMORY_MIB = 2048
DISK_MIB = 4096


def why_not() -> str | None:
    """Why the kernel cannot be booted here; None if it can."""
    if kernel() is None:
        return "linux.uml is not here; run sh deploy/tools.sh cgroup2 (Debian's user-mode-linux)"
    if shutil.which("mke2fs", path=_search_path()) is None:
        return "mke2fs is not here; install e2fsprogs"
    return None


def kernel() -> str | None:
    """Path of the kernel; the one of build/tools goes before one that is installed."""
    return str(KERNEL) if KERNEL.is_file() else shutil.which("linux.uml", path=_search_path())


def _search_path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def boot(folder: Path, parameters: dict[str, str], timeout_seconds: float) -> Iterator[str]:
    """Boot, and yield each line that is printed until the machine powers off.

    Parameters
    ----------
    folder : takes the disk (sparse) and the memory of the machine.
    parameters : variables of the environment inside; no spaces.

    Raises
    ------
    subprocess.CalledProcessError : the disk cannot be made.
    """
    disk = folder / "disk.img"
    disk.unlink(missing_ok=True)
    with disk.open("wb") as file:
        file.truncate(DISK_MIB * 1024**2)
    mke2fs = shutil.which("mke2fs", path=_search_path()) or "mke2fs"
    subprocess.run([mke2fs, "-q", "-t", "ext4", str(disk)], check=True, timeout=120)
    process = subprocess.Popen(
        _command(disk, parameters, timeout_seconds),
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        yield from (line.rstrip() for line in process.stdout or ())
        process.wait()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        disk.unlink(missing_ok=True)


def _command(disk: Path, parameters: dict[str, str], timeout_seconds: float) -> list[str]:
    variables = {"project": str(PROJECT), "python": sys.executable, **parameters}
    arguments = [f"mem={MEMORY_MIB}M", f"ubd0={disk}", "rootfstype=hostfs", "rootflags=/", "ro", "quiet", "loglevel=1"]
    arguments += [f"init={PROJECT / 'tests/cgroup2/init.sh'}", "con=null", "con0=null,fd:1", "panic=-1"]
    return ["timeout", "-k", "5", f"{timeout_seconds:.0f}", str(kernel()), *arguments, *_environment(variables)]


def _environment(variables: dict[str, str]) -> list[str]:
    """The kernel hands what it does not know itself to init, as variables."""
    return [f"{name}={value}" for name, value in variables.items()]
