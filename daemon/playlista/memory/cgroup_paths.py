"""Where a controller's files for this process are: from ``/proc/self/cgroup`` and ``mountinfo`` to directories.

Input: a file-system root (``/`` in life, a fixture tree in tests). Output: for one controller, the
version of its hierarchy and the directories that bind us, our own first, then each ancestor up to the mount's root.
No limit is read here.

Three things make this less simple than joining two strings. The hierarchy is chosen per controller, since hybrid
machines have memory on v1 and a v2 tree with nothing useful in it. A mount may show only a part of the hierarchy
(its ``root`` field), which is how containers without a cgroup namespace see their own. And the path that the kernel
names may lie outside of what is mounted, or be gone: then the nearest directory that exists, and in the end the
mount's root, is ours.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from playlista.memory.kernel_files import read_text
from playlista.system.mountinfo import Mount, parse_mountinfo

#: Where distributions mount cgroups, for sandboxes that hide ``mountinfo``.
USUAL_MOUNT = "/sys/fs/cgroup"

#: Versions of the hierarchy by the type of its mount.
_VERSIONS = {"cgroup": 1, "cgroup2": 2}


@dataclass(frozen=True, slots=True)
class Level:
    """One cgroup that binds us: its directory, and its path in the hierarchy as an administrator would name it."""

    directory: Path
    name: str


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """A controller's hierarchy as far as we can see it; ``levels`` is never empty, our own cgroup comes first."""

    version: int
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class _Mount:
    point: str
    root: str
    version: int
    controllers: frozenset[str]


def find_hierarchy(root: Path, controller: str) -> Hierarchy | None:
    """The hierarchy that accounts for `controller`, or None on a machine where no cgroup does.

    Parameters
    ----------
    root : file-system root below which ``proc`` and the mount points lie.
    controller : ``"memory"``, ``"cpu"`` or ``"cpuset"``.
    """
    version, own_path = _own_cgroup(root, controller)
    mounts = [m for m in _mounts(root) if m.version == version and (version == 2 or controller in m.controllers)]
    candidates = [levels for mount in mounts if (levels := tuple(_levels(root, mount, own_path)))]
    if not candidates:
        return None
    # The same hierarchy may be mounted more than once; the view that shows the most ancestors knows the most limits.
    return Hierarchy(version, max(candidates, key=len))


def _own_cgroup(root: Path, controller: str) -> tuple[int, str]:
    """Version and path of our cgroup for `controller`; ``(2, "/")`` where the kernel does not say."""
    unified = "/"
    for line in (read_text(root / "proc/self/cgroup") or "").splitlines():
        fields = line.split(":", 2)  # the path itself may hold colons
        if len(fields) != 3:
            continue
        number, controllers, path = fields
        if controller in controllers.split(","):
            return 1, path
        if number == "0" and not controllers:
            unified = path
    return 2, unified


def _mounts(root: Path) -> list[_Mount]:
    """Every visible cgroup mount; of two on one mount point the later one hides the earlier."""
    text = read_text(root / "proc/self/mountinfo")
    if text is None:
        return _usual_mounts(root)
    mounts = (mount for mount in parse_mountinfo(text) if mount.kind in _VERSIONS)
    return list({mount.mount_point: _cgroup_mount(mount) for mount in mounts}.values())


def _cgroup_mount(mount: Mount) -> _Mount:
    return _Mount(mount.mount_point, mount.root, _VERSIONS[mount.kind], mount.options)


def _usual_mounts(root: Path) -> list[_Mount]:
    """The mounts by convention: one v2 tree, or a v1 tree for each controller."""
    unified = _Mount(USUAL_MOUNT, "/", 2, frozenset())
    split = [_Mount(f"{USUAL_MOUNT}/{name}", "/", 1, frozenset({name})) for name in ("memory", "cpu", "cpuset")]
    return [mount for mount in (unified, *split) if os.path.isdir(_below(root, mount.point))]


def _levels(root: Path, mount: _Mount, own_path: str) -> Iterator[Level]:
    """Our cgroup and its ancestors in `mount`, those that exist, nearest first."""
    top = _below(root, mount.point)
    relative = _relative_to_mount(own_path, mount.root)
    for part in (relative, *relative.parents):
        directory = top / part
        if os.path.isdir(directory):  # Path.is_dir raises where we may not look
            yield Level(directory, str(PurePosixPath("/") / mount.root.lstrip("/") / part))


def _relative_to_mount(own_path: str, mount_root: str) -> PurePosixPath:
    """`own_path` below the mount's root; ``.`` where it lies outside, so that the mount's root stands for us."""
    path = PurePosixPath(own_path)
    # Seen from inside a cgroup namespace, what lies above its root is written with "..".
    if ".." in path.parts or not path.is_relative_to(mount_root):
        return PurePosixPath(".")
    return path.relative_to(mount_root)


def _below(root: Path, absolute: str) -> Path:
    return root / absolute.lstrip("/")
