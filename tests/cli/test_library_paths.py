"""Paths on the command line: however the music folder, a folder or a track is named, the same tracks are meant."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from playlista.cli import app_for
from playlista.cli.library_paths import place_in_library
from playlista.config import Settings
from playlista.errors import PlaylistaError
from playlista.tracks import Analysis, Health, Status
from tests.libraries import open_parts, track_file


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A folder with a library of one clipped track, Album/1.mp3, whose music folder is also at the link."""
    (tmp_path / "music" / "Album").mkdir(parents=True)
    (tmp_path / "music" / "Album" / "1.mp3").touch()
    (tmp_path / "link").symlink_to(tmp_path / "music")
    with open_parts(tmp_path) as parts:
        parts.queue.enqueue([track_file("Album/1.mp3")], "scan")
        analysis = Analysis(path="Album/1.mp3", status=Status.ANALYZED, health=Health(clipped_runs=12))
        parts.store.record(parts.library.get("Album/1.mp3").file_id, analysis, attempts=1)
    return tmp_path


def told(library: Path, command: str, *arguments: str) -> Result:
    return CliRunner().invoke(
        app_for([command]),
        [command, *arguments, "--data", str(library), "--music", str(library / "music")],
        catch_exceptions=False,
    )


@pytest.mark.parametrize(
    "name", ["music", "music/", "link", "link/", "music/Album/..", "link/Album/", "music/Album/1.mp3"]
)
def test_the_music_folder_and_what_lies_in_it_may_be_named_in_any_way(library: Path, name: str) -> None:
    ended = told(library, "health", "--json", f"{library}/{name}")
    assert [json.loads(line)["path"] for line in ended.stdout.splitlines()] == ["Album/1.mp3"]


def test_a_folder_of_the_library_may_end_in_a_slash(library: Path) -> None:
    settings = Settings(music_dir=library / "music", data_dir=library)
    assert place_in_library("Album/", settings) == "Album"
    assert place_in_library(os.fspath(library / "music"), settings) == ""


@pytest.mark.parametrize("command", ["health", "duplicates"])
def test_a_path_that_is_not_in_the_library_is_no_good_news(library: Path, command: str) -> None:
    with pytest.raises(PlaylistaError, match="Albun: no track of the library"):
        told(library, command, "Albun")
