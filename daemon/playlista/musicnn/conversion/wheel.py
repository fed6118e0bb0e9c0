"""The wheel that carries the published MusiCNN weights: fetched, verified, opened.

Input: a wheel that the user has, or the machine's own pip. Output: a :class:`Wheel` whose bytes are the very
ones that we know. The package itself cannot be installed together with ours (it wants numpy below 1.17), and need not
be: only files are read from it, nothing of it is run.
"""

from __future__ import annotations

import ast
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

NAME = "musicnn"
VERSION = "0.1.0"
SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
LICENCE = "ISC"

#: TensorFlow's checkpoint of MSD_musicnn: the graph, the index of the variables, and their values.
CHECKPOINT_FILES = (".meta", ".index", ".data-00000-of-00001")

_CHECKPOINT_FOLDER = "musicnn/MSD_musicnn/"
_LICENCE_FILE = f"{NAME}-{VERSION}.dist-info/LICENSE.md"
_LABELS_FILE = "musicnn/configuration.py"
_LABELS_NAME = "MSD_LABELS"

#: pip's warning before each new try, and the part of it that people understand.
_CONNECTION_BROKEN = re.compile(r"after connection broken by (.+)")
_CAUSE = re.compile(
    r"(?:Connection refused|Network is unreachable|No route to host|Name or service not known|timed out"
    r"|Temporary failure in name resolution|certificate verify failed|too many \d+ error responses)"
)


@dataclass(frozen=True, slots=True)
class Wheel:
    """The verified wheel, open; a context manager that closes it."""

    file: BinaryIO
    archive: zipfile.ZipFile

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.archive.close()
        self.file.close()

    def read_checkpoint_file(self, name: str) -> bytes:
        """One of :data:`CHECKPOINT_FILES`."""
        return self.archive.read(_CHECKPOINT_FOLDER + name)

    def licence(self) -> str:
        """The licence under which the weights come, word for word."""
        return self.archive.read(_LICENCE_FILE).decode("utf-8")

    def labels(self) -> tuple[str, ...]:
        """The names of the 50 tags in the order of the network's outputs.

        They are a list literal in a Python module of the wheel, which is parsed and not run.
        """
        module = ast.parse(self.archive.read(_LABELS_FILE))
        for statement in module.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if name == _LABELS_NAME:
                    return tuple(ast.literal_eval(value))
        raise ModelError(f"{_LABELS_FILE} in the musicnn wheel does not name the tags")


def open_wheel(path: Path) -> Wheel:
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
            raise ModelError(f"cannot read the wheel {path}: {error.strerror}; give --wheel FILE") from error
        if found != SHA256:
            raise ModelError(
                f"{path} is not {NAME} {VERSION}: its sha256 is {found}, expected {SHA256}; "
                "give the wheel as published with --wheel FILE"
            )
        archive = opened.enter_context(zipfile.ZipFile(file))
        opened.pop_all()
        return Wheel(file, archive)


def fetch_wheel() -> Wheel:
    """Have the machine's own pip fetch the wheel, from wherever the user has configured it to.

    Raises
    ------
    ModelError
        pip is missing, has no network or does not find the wheel.
    """
    with tempfile.TemporaryDirectory(prefix="playlista-") as folder:
        return open_wheel(download(Path(folder)))


def download(folder: Path) -> Path:
    """Have pip put the wheel into `folder`, its hash verified by pip as well; see :func:`fetch_wheel`."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{NAME}=={VERSION} --hash=sha256:{SHA256}\n", encoding="ascii")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--require-hashes", "--dest", str(folder), "--requirement", str(requirements)]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ModelError(f"cannot start pip to fetch {NAME} {VERSION}: {error.strerror}; give --wheel FILE") from error
    if ended.returncode != 0:
        raise ModelError(f"pip could not fetch {NAME} {VERSION}: {_reason(ended)}; without a network give --wheel FILE")
    for path in folder.glob("*.whl"):
        return path
    raise ModelError(f"pip ended well but left no {NAME} wheel; give --wheel FILE")


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
