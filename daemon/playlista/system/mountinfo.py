"""Which file system lies under a folder, from the text of ``/proc/self/mountinfo``.

Input: that text and an absolute path. Output: the mount that holds the path and what it is good for. Two
modules ask: the database (is WAL safe here?) and the watcher (does the kernel report changes here, and is this still
the folder that it was?). The text is read anew each time: mounts come and go while the daemon runs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

#: File systems whose files other machines (or the host of a virtual machine) change without this kernel knowing:
#: no inotify events, and no shared memory between the machines, which SQLite's WAL needs.
NETWORK_KINDS = frozenset(
    {
        "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fakeowner", "gfs2", "glusterfs", "gpfs", "lustre",
        "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "prl_fs", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs",
        "vmhgfs",
    }
)  # fmt: skip

#: FUSE file systems whose files lie on another machine.
NETWORK_FUSE_KINDS = frozenset(
    {
        "fuse.ceph", "fuse.davfs", "fuse.gcsfuse", "fuse.glusterfs", "fuse.goofys", "fuse.grpcfuse", "fuse.gvfsd-fuse",
        "fuse.osxfs", "fuse.rclone", "fuse.s3fs", "fuse.smbnetfs", "fuse.sshfs", "fuse.vmhgfs-fuse",
    }
)  # fmt: skip

_OCTAL_ESCAPE = re.compile(rb"\\([0-7]{3})")
_SEPARATOR = " - "


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of mountinfo.

    ``device`` is the number that `stat` gives its files (0 where the line does not say);
    ``root`` is the folder of the file system that is mounted, "/" if all of it; ``kind`` is its type, such as
    ``ext4`` or ``fuse.sshfs``; ``source`` is the device or the share; ``options`` are those of the file system;
    ``is_read_only`` says that nothing can be written here, whether by the mount or by the file system.
    """

    device: int
    root: str
    mount_point: str
    kind: str
    source: str
    options: frozenset[str] = frozenset()
    is_read_only: bool = False

    @property
    def is_network(self) -> bool:
        """Whether the files lie on another machine, so that WAL is unsafe and changes come without an event."""
        return self.kind in NETWORK_KINDS or self.kind in NETWORK_FUSE_KINDS

    @property
    def is_local(self) -> bool:
        """Whether only this machine has it mounted: neither on the network nor FUSE, which may hide anything."""
        return not (self.is_network or self.kind == "fuse" or self.kind.startswith("fuse."))

    @property
    def has_lasting_inodes(self) -> bool:
        """Whether a file keeps its inode number. FUSE and SMB make numbers up, and may make up others later."""
        made_up = {"cifs", "fuse", "prl_fs", "smb2", "smb3", "smbfs", "vboxsf"}
        return not (self.kind in made_up or self.kind.startswith("fuse."))

    @property
    def reports_changes(self) -> bool:
        """Whether inotify can be relied on. Not on FUSE: a union may change below us, at its branches."""
        return self.is_local


def read_mountinfo(path: str = "/proc/self/mountinfo") -> str:
    """The text of mountinfo, or "" where there is none (then nothing is known about any mount)."""
    try:
        return os.fsdecode(Path(path).read_bytes())
    except OSError:
        return ""


def parse_mountinfo(text: str) -> list[Mount]:
    """The mounts in the order in which they were made; lines that do not read as proc(5) describes are left out."""
    return list(_parsed(text))


@lru_cache(maxsize=4)
def _parsed(text: str) -> tuple[Mount, ...]:
    """Kept, since each track asks several times for what seldom changes."""
    return tuple(mount for line in text.split("\n") if (mount := _parse_line(line)) is not None)


def mount_of(path: str, mounts: Iterable[Mount]) -> Mount | None:
    """The mount that holds the absolute `path`, or None when unknown.

    The longest mount point wins; of two on the same point, the later one lies on top.
    """
    holders = [mount for mount in mounts if _contains(mount.mount_point, path)]
    longest = max((len(mount.mount_point) for mount in holders), default=0)
    return next((mount for mount in reversed(holders) if len(mount.mount_point) == longest), None)


def mounts_within(path: str, mounts: Sequence[Mount]) -> list[Mount]:
    """The mount that holds the absolute `path`, if known, and those on top of it or of folders in it."""
    holder = mount_of(path, mounts)
    return ([holder] if holder else []) + [
        mount for mount in mounts if mount is not holder and _contains(path, mount.mount_point)
    ]


def why_read_only(folder: str) -> str | None:
    """Why nothing can be written in `folder`, with what to do; None where its mount does not forbid it."""
    mount = mount_of(os.path.realpath(folder), parse_mountinfo(read_mountinfo()))
    if mount is None or not mount.is_read_only:
        return None
    return f"{folder}: mounted read-only, so no tags are written; mount it for writing (no :ro), or clear TAG_WRITE"


def _parse_line(line: str) -> Mount | None:
    before, separator, after = line.partition(_SEPARATOR)
    fields, tail = before.split(" "), after.split(" ")
    if not separator or len(fields) < 6 or len(tail) < 2 or not fields[0].isdecimal():
        return None
    options = frozenset(tail[2].split(",")) if len(tail) > 2 else frozenset[str]()
    root, mount_point = _unescape(fields[3]), _unescape(fields[4])
    is_read_only = "ro" in options or "ro" in fields[5].split(",")
    return Mount(_device(fields[2]), root, mount_point, tail[0], _unescape(tail[1]), options, is_read_only)


def _device(field: str) -> int:
    major, _, minor = field.partition(":")
    return os.makedev(int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else 0


def _unescape(field: str) -> str:
    # The kernel writes space, tab, newline and backslash as three octal digits.
    return os.fsdecode(_OCTAL_ESCAPE.sub(lambda match: bytes([int(match[1], 8) & 0xFF]), os.fsencode(field)))


def _contains(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
