"""A folder whose file system fails as it is told to: a FUSE program of its own that passes everything else through.

``with faulty_folder(back, mount) as faults`` mounts the files of `back` at `mount`; ``faults.fail(errno.EIO)`` and its
like take effect at the next call of the kernel. Skipped, with the reason, where FUSE cannot be used.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOUNT_SECONDS = 60.0


def why_no_fuse() -> str | None:
    """Why no file system can be mounted here; None where one can."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "no right to use /dev/fuse"
    try:
        import mfusepy  # noqa: F401
    except (ImportError, OSError) as error:
        return f"mfusepy or libfuse is not installed: {error}"
    return None


@dataclass(frozen=True, slots=True)
class Faults:
    """What the file system does wrong from now on."""

    control: Path
    mount: Path
    process: subprocess.Popen[bytes]

    def fail(self, number: int, *, beyond: int = 0, stat: bool = False) -> None:
        """Reads that reach beyond the byte `beyond` (with `stat`, looks at files as well) fail with the error."""
        self._set({"errno": number, "beyond": beyond, "stat": stat})

    def hang(self, *, beyond: int = 0, stat: bool = False) -> None:
        """Those calls do not come back until something else is asked for."""
        self._set({"hang": True, "beyond": beyond, "stat": stat})

    def fail_closing(self, number: int) -> None:
        """Files can be read, and every close of one fails, as where the program or server went in between."""
        self._set({"errno": number, "closing": True})

    def heal(self) -> None:
        """Everything works again."""
        self._set({})

    def die(self) -> None:
        """The program is killed, as that of a share or a union is: from now on nothing at the mount answers."""
        self.process.kill()
        self.process.wait()

    def _set(self, faults: dict[str, Any]) -> None:
        part = self.control.with_suffix(".part")
        part.write_text(json.dumps(faults))
        part.rename(self.control)


@contextmanager
def faulty_folder(back: Path, mount: Path) -> Iterator[Faults]:
    """`back`, seen at `mount` through a file system that can be told to fail."""
    mount.mkdir(parents=True, exist_ok=True)
    control = mount.with_name(f"{mount.name}.faults")
    control.write_text("{}")
    command = [sys.executable, os.path.abspath(__file__), os.fspath(back), os.fspath(mount), os.fspath(control)]
    log = mount.with_name(f"{mount.name}.log")
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + MOUNT_SECONDS
        while not os.path.ismount(mount):
            if process.poll() is not None or time.monotonic() > deadline:
                raise OSError(f"{mount}: could not be mounted:\n{log.read_text()}")
            time.sleep(0.02)
        yield Faults(control, mount, process)
    finally:
        control.write_text("{}")
        process.send_signal(signal.SIGKILL)
        process.wait()
        subprocess.run(["umount", "-l", os.fspath(mount)], check=False, capture_output=True)


class _Misbehaviour:
    """What the control file says at this moment."""

    def __init__(self, control: str) -> None:
        self._control = control

    def show(self, end: int | None) -> None:
        """Fail or hang if told to; `end` is the end of a read, None for a look at a file."""
        while told := self._told():
            if "closing" in told or (not told["stat"] if end is None else end <= told["beyond"]):
                return
            if "errno" in told:
                raise OSError(told["errno"], "as told")
            time.sleep(0.1)

    def show_closing(self) -> None:
        """Fail a close if told to."""
        if "closing" in (told := self._told()):
            raise OSError(told["errno"], "as told")

    def _told(self) -> dict[str, Any]:
        with suppress(OSError, ValueError), open(self._control, encoding="ascii") as file:
            return dict(json.load(file))
        return {}


def _serve(back: str, mount: str, control: str) -> None:
    """The program: each call is passed on, unless the control file says otherwise."""
    from mfusepy import FUSE, Operations

    misbehaviour = _Misbehaviour(control)

    class Passing(Operations):  # type: ignore[misc]
        use_ns = True

        def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
            misbehaviour.show(None)
            status = os.lstat(back + path)
            names = ("st_mode", "st_nlink", "st_uid", "st_gid", "st_size", "st_ino")
            times = {f"st_{name}": getattr(status, f"st_{name}_ns") for name in ("atime", "mtime", "ctime")}
            return {name: getattr(status, name) for name in names} | times

        def readdir(self, path: str, fh: int) -> list[str]:
            misbehaviour.show(None)
            return [".", "..", *os.listdir(back + path)]

        def open(self, path: str, flags: int) -> int:
            return os.open(back + path, flags & os.O_ACCMODE)

        def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
            misbehaviour.show(offset + size)
            return os.pread(fh, size, offset)

        def flush(self, path: str, fh: int) -> int:
            misbehaviour.show_closing()
            return 0

        def release(self, path: str, fh: int) -> int:
            os.close(fh)
            return 0

    FUSE(Passing(), mount, foreground=True, nothreads=False, attr_timeout=0, fsname="faulty")


if __name__ == "__main__":
    _serve(*sys.argv[1:])
