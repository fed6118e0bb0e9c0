"""Which daemon owns a data folder that may be reached through several mounts, where the kernel's locks do not meet.

Input: the data folder. Output: a claim on it, or a ``StoreError`` that names the owner.

The lock file holds a record of its owner. Whoever finds a record of another must know whether that daemon lives:

- on the same machine since the same boot, with the lock file seen as the same inode, the kernel's lock has decided; a
  copied folder has another inode, but a process that is not there any more is dead;
- on a local disk, an owner from before the last boot is dead, since no other machine can have mounted the disk;
- else it is asked: a challenge is written into a second file, and a living owner writes it into its record. It looks
  for one every `POLL_SECONDS`, which costs two reads from the page cache; nothing is written while nobody asks, so
  that disks can sleep. Who does not answer within `ANSWER_SECONDS` is taken for dead and loses the folder; if it was
  only suspended, it finds another's record when it wakes up, and stops.

It is a plain file, not a row of the database, because a database in WAL mode must not even be opened through a second
mount.
"""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from playlista.errors import StoreError
from playlista.system.mountinfo import mount_of, parse_mountinfo

#: Where a second daemon asks whether the owner lives; in DATA_DIR next to the lock file.
CHALLENGE_NAME = "playlista.challenge"

#: How often an owner looks for a challenge.
POLL_SECONDS = 2.0

#: How long an owner has to answer: five looks, since a machine under load may miss one.
ANSWER_SECONDS = 10.0

#: How often the second daemon looks for the answer.
LOOK_SECONDS = 0.25

#: Longer than any record or challenge.
_RECORD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class OwnerRecord:
    """Who owns the folder: process and machine for people, boot and lock file as it sees them, and a unique token.

    ``answer`` is the last challenge that it saw; ``namespace`` is that of its process id.
    """

    pid: int
    host: str
    boot_id: str
    device: int
    inode: int
    token: str
    answer: str = ""
    namespace: str = ""


class DataOwner:
    """The claim of this process on one data folder; use it under the kernel's lock on the lock file.

    Parameters
    ----------
    lock_path : the lock file, which exists.
    mountinfo : the text of ``/proc/self/mountinfo``.
    boot_id : names the machine's present run; "" where it cannot be told.
    pause : waits for so many seconds.
    """

    def __init__(
        self, lock_path: str, *, mountinfo: str, boot_id: str, pause: Callable[[float], object] = time.sleep
    ) -> None:
        self._lock_path = lock_path
        self._challenge_path = os.path.join(os.path.dirname(lock_path), CHALLENGE_NAME)
        self._mountinfo = mountinfo
        self._pause = pause
        status = os.stat(lock_path)
        self._own = OwnerRecord(
            os.getpid(),
            socket.gethostname(),
            boot_id,
            status.st_dev,
            status.st_ino,
            uuid.uuid4().hex,
            namespace=_pid_namespace(),
        )

    def claim(self) -> None:
        """Write this process down as the owner.

        Raises
        ------
        StoreError
            Another daemon owns the folder and lives.
        """
        former = _record_in(self._lock_path)
        if former is not None and not self._is_surely_dead(former) and self._answers(former):
            raise StoreError(
                f"{self._lock_path}: Playlista is already running as pid {former.pid} on {former.host}, which reaches "
                "this folder through another mount; stop it, or set another DATA_DIR"
            )
        self._write()
        with suppress(OSError):
            # It exists from now on: a network file system may remember for a minute that a name does not.
            os.close(os.open(self._challenge_path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666))

    def keep(self) -> None:
        """Answer a challenge, if there is one; call it every `POLL_SECONDS`.

        Raises
        ------
        StoreError
            The folder has another owner now.
        """
        present = _record_in(self._lock_path)
        if present is not None and present.token != self._own.token:
            raise StoreError(
                f"{self._lock_path}: pid {present.pid} on {present.host} took the data folder over, because this "
                "process did not answer it; only one of them may go on"
            )
        challenge = _text_in(self._challenge_path)
        if challenge and challenge != self._own.answer:
            self._own = replace(self._own, answer=challenge)
            self._write()

    def release(self) -> None:
        """Give the folder up: the next one need not ask."""
        present = _record_in(self._lock_path)
        if present is not None and present.token == self._own.token:
            with suppress(OSError):
                os.truncate(self._lock_path, 0)

    def _is_surely_dead(self, former: OwnerRecord) -> bool:
        if former.boot_id and former.boot_id == self._own.boot_id:
            same_lock = (former.device, former.inode) == (self._own.device, self._own.inode)
            return same_lock or (former.namespace == self._own.namespace != "" and not _is_running(former.pid))
        mount = mount_of(os.path.realpath(self._lock_path), parse_mountinfo(self._mountinfo))
        return mount is not None and mount.is_local

    def _answers(self, former: OwnerRecord) -> bool:
        challenge = uuid.uuid4().hex
        import structlog  # noqa: PLC0415 - 200 modules; commands that only look for the daemon log nothing

        log = structlog.get_logger(__name__)
        log.info("data.claiming", former_pid=former.pid, former_host=former.host, at_most_seconds=ANSWER_SECONDS)
        try:
            _overwrite(self._challenge_path, challenge)
        except OSError as error:
            raise StoreError(
                f"{self._challenge_path}: {error.strerror}; pid {former.pid} on {former.host} cannot be asked whether "
                "it still uses this folder"
            ) from error
        for _ in range(round(ANSWER_SECONDS / LOOK_SECONDS)):
            self._pause(LOOK_SECONDS)
            record = _record_in(self._lock_path)
            if record is not None and challenge == record.answer:
                return True
        return False

    def _write(self) -> None:
        with suppress(OSError):  # on a full disk; the kernel's lock holds all the same, and the database says it better
            _overwrite(self._lock_path, f"{self._own.pid}\n{json.dumps(asdict(self._own))}\n")


def _overwrite(path: str, text: str) -> None:
    """Write `text` in place, so that no reader ever finds the file empty."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        content = text.encode()
        os.pwrite(descriptor, content, 0)
        os.ftruncate(descriptor, len(content))
    finally:
        os.close(descriptor)


def _record_in(lock_path: str) -> OwnerRecord | None:
    """The record in the file; None where there is none, as in a file of 0.1, or while it is being written."""
    try:
        document = json.loads(_text_in(lock_path).partition("\n")[2])
        return OwnerRecord(**document)
    except (ValueError, TypeError):
        return None


def _text_in(path: str) -> str:
    # Opened each time: that is when a network file system asks its server for changes.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(descriptor, _RECORD_BYTES).decode(errors="replace").rstrip("\0")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def _pid_namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _is_running(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")


def read_boot_id(path: str = "/proc/sys/kernel/random/boot_id") -> str:
    """What names the machine's present run, or "" where that cannot be told."""
    try:
        return Path(path).read_text("ascii").strip()
    except OSError:
        return ""
