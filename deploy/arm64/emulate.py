"""Run a command in which programs for 64-bit ARM start as if this machine were one: by qemu's user-mode emulation.

Input: a command with its arguments. Output: its exit status. Needs root, and Debian's qemu-user-static.

The command runs in a user and mount namespace of its own with a binfmt_misc of its own (Linux 6.7 or later), so that
nothing is registered on the host and nothing stays mounted. On an older kernel the host's registration serves, which
Debian's binfmt-support makes when qemu-user-static is installed.

    python3 deploy/arm64/emulate.py chroot /path/to/arm64/root uname -m
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
MS_REC_PRIVATE = 0x4000 | 0x40000

#: ELF header of a 64-bit little-endian program for machine 183 (AArch64); the mask lets the OS ABI and the type
#: (executable or shared) differ. Source: qemu's scripts/qemu-binfmt-conf.sh; format: Linux admin-guide/binfmt-misc.
MAGIC = r"\x7fELF\x02\x01\x01" + r"\x00" * 9 + r"\x02\x00\xb7\x00"
MASK = r"\xff" * 7 + r"\x00" + r"\xff" * 8 + r"\xfe\xff\xff\xff"

libc = ctypes.CDLL(None, use_errno=True)


def call(function: str, *arguments: object) -> None:
    """Call the C library's `function`; OSError where it answers with an error."""
    if getattr(libc, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


def map_ids(process: int) -> None:
    """Give `process`, which has a new user namespace, the identities 0 to 65535 of this one."""
    for name in ("uid_map", "gid_map"):
        Path(f"/proc/{process}/{name}").write_text("0 0 65536\n", encoding="ascii")


def register(interpreter: str) -> None:
    """Let `interpreter` start ARM programs in this namespace; it is opened now (F), so that a chroot needs no copy."""
    call("mount", None, b"/", None, MS_REC_PRIVATE, None)
    folder = Path("/mnt")
    try:
        call("mount", b"binfmt_misc", bytes(folder), b"binfmt_misc", 0, None)
    except OSError:
        return  # a kernel without namespaces of binfmt_misc: what the host has registered holds here too
    entry = f":qemu-aarch64:M::{MAGIC}:{MASK}:{interpreter}:F"
    (folder / "register").write_text(entry, encoding="ascii")


def become(command: list[str], interpreter: str, unshared: int, mapped: int) -> NoReturn:
    """In the child: enter new namespaces, tell the parent, wait until it has mapped the identities, run `command`."""
    try:
        call("unshare", CLONE_NEWUSER | CLONE_NEWNS)
        os.write(unshared, b"1")
        os.read(mapped, 1)
        os.setgid(0)
        os.setuid(0)
        register(interpreter)
        os.execvp(command[0], command)  # noqa: S606 - the command is what this program is asked to run
    except OSError as error:
        sys.stderr.write(f"emulate: {error}; is this root, on a kernel with user namespaces?\n")
    os._exit(1)


def main() -> int:
    """Run the command of the arguments."""
    command = sys.argv[1:]
    interpreter = shutil.which("qemu-aarch64-static")
    if not command or interpreter is None:
        missing = "which command?" if interpreter else "qemu-aarch64-static is missing (Debian: qemu-user-static)"
        sys.stderr.write(f"emulate: {missing}\n")
        return 2
    is_unshared, unshared = os.pipe()
    is_mapped, mapped = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(mapped)
        become(command, interpreter, unshared, is_mapped)
    os.close(unshared)
    if os.read(is_unshared, 1):  # nothing where the child could not
        map_ids(process)
    os.close(mapped)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


if __name__ == "__main__":
    sys.exit(main())
