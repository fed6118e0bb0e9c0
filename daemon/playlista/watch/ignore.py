"""Which files and folders of the music folder are left out, and why.

Input: a path below the music folder. Output: None for what may be music, or an ``Ignored`` that names the reason.
Three sources are asked, and the first that speaks of a path decides: ``.playlistaignore`` files (the deepest folder
first), the patterns of the setting ``WATCH_IGNORE``, and the table of known debris. A pattern that begins with ``!``
takes a path back in, debris too.

Patterns are gitignore's and are matched by pathspec. They hold for the folder that the file lies in and all below it;
those of the setting hold for the music folder.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from playlista.system.descriptors import close_read
from playlista.watch.debris import debris_file, debris_folder

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

#: The name of files with patterns.
IGNORE_FILE = ".playlistaignore"

#: A larger one is not read: it is no list of patterns that a person wrote.
IGNORE_FILE_BYTES = 64 * 1024

Source = Literal["debris", "setting", "ignore_file"]
SOURCES: tuple[Source, ...] = get_args(Source)

#: Paths and reasons that a report names; the rest is counted.
SHOWN_EXAMPLES, SHOWN_REASONS = 20, 20


@dataclass(frozen=True, slots=True)
class Ignored:
    """A file or folder that is left out; ``path`` is relative to the music folder, a folder's ends with a slash."""

    path: str
    source: Source
    why: str


class IgnoredReport:
    """What one scan left out: how many paths by source and reason, and the first of them."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Source, str]] = Counter()
        self._examples: list[str] = []

    def add(self, ignored: Ignored | None) -> bool:
        """Count a path that is left out, a folder once, whatever it holds; whether it is."""
        if ignored is None:
            return False
        self._counts[ignored.source, ignored.why] += 1
        if len(self._examples) < SHOWN_EXAMPLES:
            self._examples.append(ignored.path)
        return True

    def by_source(self) -> dict[str, int]:
        """Paths by source; every source is there."""
        counts: dict[str, int] = dict.fromkeys(SOURCES, 0)
        for (source, _), count in self._counts.items():
            counts[source] += count
        return counts

    def line(self) -> str:
        """For people: the number of paths and why, or nothing where none was left out."""
        return ignored_line(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """In plain types: ``total``, ``reasons`` with the number of paths each, the first paths as ``examples``."""
        reasons = {why: count for (_, why), count in self._counts.most_common(SHOWN_REASONS)}
        return {"total": self._counts.total(), "reasons": reasons, "examples": list(self._examples)}


def ignored_line(report: dict[str, Any]) -> str:
    """`IgnoredReport.to_json` as one line for people, empty where nothing was left out."""
    if not report["total"]:
        return ""
    reasons = ", ".join(f"{count} {why}" for why, count in report["reasons"].items())
    return f"{report['total']} paths ({reasons}), such as {report['examples'][0]}"


class IgnoreRules:
    """The rules of one music folder.

    Parameters
    ----------
    root : the music folder.
    patterns : those of the setting WATCH_IGNORE.
    """

    def __init__(self, root: str, patterns: Sequence[str] = ()) -> None:
        self._root = root
        self._setting = compile_patterns(patterns)
        self._files: dict[str, GitIgnoreSpec] = {}  # by folder; only those that hold an ignore file

    def enter(self, folder: str, *, has_ignore_file: bool) -> None:
        """Take in the ignore file of `folder` as it is now; to be called before its entries are asked about.

        One that cannot be read, as during an outage, says what it said before: hidden music must not come in.
        """
        former = self._files.pop(folder, None)
        spec = self._read(folder, former) if has_ignore_file else None
        if spec is not None:
            self._files[folder] = spec

    def reason(self, path: str, *, is_folder: bool = False) -> Ignored | None:
        """Why `path` is left out, given that its folder is not."""
        shown = f"{path}/" if is_folder else path
        for source, where, spec, below in self._specs(path):
            included = spec.check_file(shown[below:]).include
            if included is not None:
                return Ignored(shown, source, where) if included else None
        name = path.rpartition("/")[2]
        about = debris_folder(name) if is_folder else debris_file(name)
        return None if about is None else Ignored(shown, "debris", about)

    def reason_along(self, path: str) -> Ignored | None:
        """Why the file at `path` is left out, for itself or for a folder above it; ignore files are read anew."""
        for folder in _folders_above(path):
            if folder and (reason := self.reason(folder, is_folder=True)) is not None:
                return reason
            self.enter(folder, has_ignore_file=True)
        return self.reason(path)

    def _specs(self, path: str) -> Iterator[tuple[Source, str, GitIgnoreSpec, int]]:
        """The patterns that concern `path`, the deepest first, each with where its own paths begin."""
        if self._files:
            for folder in reversed(list(_folders_above(path))):
                spec = self._files.get(folder)
                if spec is not None:
                    prefix = f"{folder}/" if folder else ""
                    yield "ignore_file", f"{prefix}{IGNORE_FILE}", spec, len(prefix)
        if self._setting is not None:
            yield "setting", "WATCH_IGNORE", self._setting, 0

    def _read(self, folder: str, former: GitIgnoreSpec | None) -> GitIgnoreSpec | None:
        name = os.path.join(folder, IGNORE_FILE)
        try:
            text = _read_small_file(os.path.join(self._root, name))
            return None if text is None else compile_patterns(text.splitlines())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            import structlog  # noqa: PLC0415 - 200 modules; most commands log nothing

            log = structlog.get_logger(__name__)
            log.warning("ignore_file.unusable", path=name, why=str(error))
            return former if isinstance(error, OSError) else None


def compile_patterns(patterns: Sequence[str]) -> GitIgnoreSpec | None:
    """The patterns ready to match; None where there is none.

    Raises
    ------
    ValueError : one of them is no gitignore pattern.
    """
    if not any(pattern.strip() for pattern in patterns):
        return None
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - 35 ms that most libraries can do without

    return GitIgnoreSpec.from_lines(patterns)


def _folders_above(path: str) -> Iterator[str]:
    """The folders that `path` lies in, from the music folder ("") downwards."""
    yield ""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)


def _read_small_file(path: str) -> str | None:
    """The text of a regular file, None for anything else; a pipe of that name would be read for ever.

    Raises
    ------
    ValueError : it is larger than an ignore file can be.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(IGNORE_FILE_BYTES + 1)
    finally:
        close_read(descriptor)
    if len(content) > IGNORE_FILE_BYTES:
        raise ValueError(f"larger than {IGNORE_FILE_BYTES} bytes; patterns are not read from it")
    return content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
