"""A library that the real commands made of a few real files, for all tests of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import signals
from tests.cli.commands import CommandLine


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory, clean_environment: dict[str, str]) -> CommandLine:
    """Three songs, one of them in a folder, and a text that calls itself music; all analyzed by `run --once`.

    Commands that write music files or the database beyond a `retry` get a library of their own.
    """
    daemon = CommandLine(tmp_path_factory.mktemp("library"), clean_environment)
    fill(daemon.music)
    assert daemon.run("run", "--once").returncode == 3  # the text
    return daemon


def fill(music: Path) -> None:
    """Write the files of `library`."""
    (music / "album").mkdir()
    signals.write(music / "slow.flac", signals.song(8, bpm=90))
    signals.write(music / "fast.wav", signals.song(8, bpm=150, seed=1))
    signals.write(music / "album" / "middle.ogg", signals.song(8, bpm=120, seed=2))
    (music / "text.mp3").write_text("this is no music, whatever its name says\n" * 50)
