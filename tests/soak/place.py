"""Where and how a soak runs."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """What every soak is given.

    Attributes
    ----------
    folder : an empty folder of its own, removed afterwards.
    music : real music; None where there is none, and something like music is synthesised.
    scale : 1.0 for the whole proof; less runs the same in seconds, for the tests.
    seed : of everything random.
    """

    folder: Path
    music: Path | None = None
    scale: float = 1.0
    seed: int = 6

    def scaled(self, whole: int, least: int = 1) -> int:
        """So many of `whole`."""
        return max(least, round(whole * self.scale))

    def say(self, text: str) -> None:
        """A line of progress."""
        sys.stderr.write(f"soak {time.strftime('%H:%M:%S')} {self.folder.name}: {text}\n")
        sys.stderr.flush()


@contextmanager
def fresh(folder: Path) -> Iterator[Path]:
    """An empty `folder` for the length of the block; kept when the block fails, to be looked at."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
