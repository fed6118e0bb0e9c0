"""What a killed write leaves in the music folder, and how the next start removes it, and nothing else.

Input: the data folder. Output: one entry for each write that is at work: where its temporary copy is, and what the
original was. An entry is on the disk before its copy exists, and its lock says whether the writer still lives. The copy
has a name that nobody can have chosen. After an exchange that name holds the original, which is removed only when its
bytes are those that the copy was made of: had another program changed it, its edit is kept and said.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict

from playlista.errors import PlaylistaError
from playlista.outputs.file_tags.replacement import Original, digest_of
from playlista.system.atomic_write import lock_against_removal, sync_folder

#: The folder of entries in DATA_DIR.
FOLDER_NAME = "unfinished-tags"

#: Begins the names of copies; what follows is random.
COPY_PREFIX = ".playlista-"

_ENTRY = re.compile(r"([0-9a-f]{32})\.json")
_SUFFIX_BYTES = 32


@contextmanager
def entered(data_dir: str, target: str, original: Original) -> Iterator[str]:
    """Make an entry for a write to `target` that lasts as long as the block; yields the path for the copy.

    The copy is removed at the end of the block if it is still there.

    Raises
    ------
    PlaylistaError : the data folder cannot be written.
    """
    token = secrets.token_hex(16)
    suffix = os.path.splitext(target)[1]  # which some decoders go by
    suffix = suffix if len(os.fsencode(suffix)) <= _SUFFIX_BYTES else ""
    copy = os.path.join(os.path.dirname(target), f"{COPY_PREFIX}{token}{suffix}")
    folder = os.path.join(data_dir, FOLDER_NAME)
    entry = os.path.join(folder, f"{token}.json")
    content = json.dumps({"target": target, "copy": copy, "original": asdict(original)}).encode()
    try:
        os.makedirs(folder, exist_ok=True)
        descriptor = os.open(entry, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise PlaylistaError(f"{folder}: {error.strerror}; writing tags needs the data folder") from error
    try:
        lock_against_removal(descriptor)
        os.write(descriptor, content)
        os.fsync(descriptor)
        sync_folder(folder)
        yield copy
    finally:
        try:
            _remove_copy(entry, target, copy, original)
            os.unlink(entry)
        finally:
            os.close(descriptor)


def remove_leftovers(data_dir: str) -> list[str]:
    """Remove what killed writes left; lines about what could not be removed, with the reason."""
    folder = os.path.join(data_dir, FOLDER_NAME)
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    troubles = []
    for name in filter(_ENTRY.fullmatch, names):
        try:
            _remove(os.path.join(folder, name))
        except BlockingIOError:
            continue  # its writer lives
        except (OSError, PlaylistaError) as error:
            troubles.append(str(error))
    return troubles


def _remove(entry: str) -> None:
    """Remove the copy of one entry, then the entry. Raises BlockingIOError where its writer lives."""
    descriptor = os.open(entry, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with suppress(ValueError, KeyError, TypeError):  # an entry that was not finished has no copy yet
            told = json.loads(os.pread(descriptor, 2**20, 0))
            _remove_copy(entry, told["target"], told["copy"], Original(**told["original"]))
        os.unlink(entry)
    finally:
        os.close(descriptor)


def _remove_copy(entry: str, target: str, copy: str, original: Original) -> None:
    token = os.path.basename(entry).partition(".")[0]
    folder, name = os.path.split(copy)
    if not name.startswith(f"{COPY_PREFIX}{token}") or os.path.dirname(target) != folder:
        return  # no entry of ours
    os.stat(folder)  # where it is away, the entry waits until it is back
    try:
        status = os.lstat(copy)
    except FileNotFoundError:
        return
    if not stat.S_ISREG(status.st_mode):
        return
    if original.is_inode_of(status) and _digest_at(copy) != original.digest:
        raise PlaylistaError(
            f"{copy}: another program's edit of {target}, made while tags were written; keep the one that you want"
        )
    os.unlink(copy)
    sync_folder(folder)


def _digest_at(path: str) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return digest_of(descriptor)
    finally:
        os.close(descriptor)
