"""A published wheel of which only files are read: fetched by pip, verified by its hash, opened.

Input: which wheel, and perhaps the file that the user has. Output: the open archive, whose bytes are the very ones that
we know. pip fetches it from wherever the user has configured it to; nothing of the package is installed or run.
"""

from __future__ import annotations

import hashlib
import re
import signal
import subprocess
import sys
import tempfile
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from playlista.errors import ModelError

#: pip's warning before each new try, and the part of it that people understand.
_CONNECTION_BROKEN = re.compile(r"after connection broken by (.+)")
_CAUSE = re.compile(
    r"(?:Connection refused|Network is unreachable|No route to host|Name or service not known|timed out"
    r"|Temporary failure in name resolution|certificate verify failed|too many \d+ error responses)"
)


@dataclass(frozen=True, slots=True)
class Published:
    """A wheel by its name and version, known by its sha256; `option` gives it where pip cannot fetch it."""

    name: str
    version: str
    sha256: str
    option: str = "--wheel FILE"


@dataclass(frozen=True, slots=True)
class OpenWheel:
    """A verified wheel, open; a context manager that closes it."""

    file: BinaryIO
    archive: zipfile.ZipFile

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.archive.close()
        self.file.close()


def open_published(published: Published, path: Path) -> OpenWheel:
    """Verify and open the wheel at `path`.

    Raises
    ------
    ModelError
        It cannot be read, or it is not the wheel that we know.
    """
    with ExitStack() as opened:
        try:
            file = opened.enter_context(path.open("rb"))
            found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise ModelError(f"cannot read the wheel {path}: {error.strerror}; give {published.option}") from error
        if found != published.sha256:
            raise ModelError(
                f"{path} is not {published.name} {published.version}: its sha256 is {found}, "
                f"expected {published.sha256}; give the wheel as published with {published.option}"
            )
        archive = opened.enter_context(zipfile.ZipFile(file))
        opened.pop_all()
        return OpenWheel(file, archive)


def fetch_published(published: Published) -> OpenWheel:
    """Have the machine's own pip fetch the wheel, from wherever the user has configured it to.

    Raises
    ------
    ModelError
        pip is missing, has no network or does not find the wheel.
    """
    with tempfile.TemporaryDirectory(prefix="playlista-") as folder:
        return open_published(published, download(published, Path(folder)))


def download(published: Published, folder: Path) -> Path:
    """Have pip put the wheel into `folder`, its hash verified by pip as well; see :func:`fetch_published`."""
    what = f"{published.name} {published.version}"
    requirements = folder / "requirements.txt"
    requirements.write_text(
        f"{published.name}=={published.version} --hash=sha256:{published.sha256}\n", encoding="ascii"
    )
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--require-hashes", "--dest", str(folder), "--requirement", str(requirements)]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ModelError(f"cannot start pip to fetch {what}: {error.strerror}; give {published.option}") from error
    if ended.returncode != 0:
        raise ModelError(f"pip could not fetch {what}: {_reason(ended)}; without a network give {published.option}")
    for path in folder.glob("*.whl"):
        return path
    raise ModelError(f"pip ended well but left no {published.name} wheel; give {published.option}")


def _reason(ended: subprocess.CompletedProcess[str]) -> str:
    """The signal that ended pip, the registry that does not answer, or pip's last error line."""
    if ended.returncode < 0:
        return f"it was ended by {signal.Signals(-ended.returncode).name} (too little memory?)"
    if cause := _registry_trouble(ended.stderr):
        return cause
    errors = [line for line in ended.stderr.splitlines() if line.startswith("ERROR:")] or ended.stderr.splitlines()
    return errors[-1].removeprefix("ERROR:").strip().rstrip(".") if errors else "no reason given"


def _registry_trouble(stderr: str) -> str | None:
    """What pip warned of when it could not reach the registry; its error line then only says that nothing was found."""
    if not (broken := _CONNECTION_BROKEN.search(stderr)):
        return None
    why = _CAUSE.search(broken[1])
    return f"the package registry cannot be reached ({why[0].strip() if why else broken[1].strip()})"
