"""``playlista scrub``: it names what rotted, says so by its exit code, and works while a daemon runs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from playlista.daemon.scrub_file import AUDIO_ROTTED
from tests.cli.commands import CommandLine
from tests.daemon.scrubs import add, rot
from tests.libraries import open_parts


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, clean_environment: dict[str, str]) -> CommandLine:
    """Five files with results, one of which rotted since."""
    daemon = CommandLine(tmp_path_factory.mktemp("rot"), clean_environment)
    daemon.data.mkdir(exist_ok=True)
    with open_parts(daemon.data) as parts:
        places = [add(parts, daemon.music, f"{number}.mp3", os.urandom(5000)) for number in range(5)]
        rot(places[3], parts)
    return daemon


def test_the_one_that_rotted_is_named_and_no_other(library: CommandLine) -> None:
    ended = library.run("scrub", "--all")
    assert ended.stdout == f"3.mp3: rotted, {AUDIO_ROTTED}\n4 unchanged, 1 rotted\n"
    assert (ended.returncode, ended.stderr) == (3, "")
    listed = library.run("scrub", "--rotted", "--json")
    assert listed.returncode == 3
    assert json.loads(listed.stdout) == {"path": "3.mp3", "result": "rotted", "detail": AUDIO_ROTTED}
    assert "1 file no longer what was analyzed" in library.run("status").stdout


def test_what_is_known_of_the_track_names_the_rot(library: CommandLine) -> None:
    library.run("scrub", "--all")
    assert f"rotted: {AUDIO_ROTTED}" in library.run("show", "3.mp3").stdout
    assert "rotted" not in library.run("show", "1.mp3").stdout


def test_a_path_is_read_alone(library: CommandLine) -> None:
    ended = library.run_as_process("scrub", os.path.join(library.music, "1.mp3"))
    assert (ended.returncode, ended.stdout) == (0, "1 unchanged\n")


def test_the_music_folder_itself_is_the_whole_library(library: CommandLine) -> None:
    ended = library.run("scrub", f"{library.music}/", "--json")
    assert ended.returncode == 3
    assert [json.loads(line)["path"] for line in ended.stdout.splitlines()] == ["3.mp3"]


def test_a_path_that_has_no_result_is_an_error(library: CommandLine, tmp_path: Path) -> None:
    ended = library.run("scrub", str(tmp_path / "other.mp3"))
    assert ended.returncode == 1
    assert "no track with a result" in ended.stderr


def test_one_of_path_all_and_rotted_has_to_be_chosen(library: CommandLine) -> None:
    assert library.run("scrub").returncode == 2
    assert library.run("scrub", "--all", "--rotted").returncode == 2
