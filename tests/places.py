"""Unusual places on the disk: a file system that is soon full, a folder of a user without rights."""

from __future__ import annotations

import codecs
import importlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

NOBODY = 65534


@contextmanager
def small_disk(folder: Path, size_kb: int = 1024) -> Iterator[Path]:
    """A real file system of `size_kb` at `folder`, which is made; skips the test where none can be mounted."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", os.fspath(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", os.fspath(folder)], check=True)


def fill(ballast: Path) -> None:
    """Write to `ballast` until nothing goes onto its disk any more."""
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass


@contextmanager
def unprivileged_folder() -> Iterator[Path]:
    """A folder of a user who is not root, as whom the block then runs, since root may read and write everything."""
    folder = Path(tempfile.mkdtemp(prefix="playlista-"))
    privileged = os.geteuid() == 0
    if privileged:
        # Python may lie where that user cannot read it: what it imports only when it is used is imported now.
        codecs.lookup("ascii")
        importlib.import_module("importlib.readers")
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        if privileged:
            os.seteuid(0)
        folder.chmod(0o700)
        for place, below, _ in os.walk(folder):
            for name in below:
                os.chmod(os.path.join(place, name), 0o700)
        shutil.rmtree(folder)
