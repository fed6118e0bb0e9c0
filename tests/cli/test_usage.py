"""What the command line says of itself, and of wrong usage: one line, and where help is."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from playlista import __version__
from tests.cli.commands import CommandLine
from tests.deadlines import DEADLINE_SECONDS

COMMANDS = (
    "run",
    "analyze",
    "status",
    "show",
    "list",
    "failures",
    "retry",
    "export",
    "similar",
    "path",
    "playlist",
    "tag",
)


def test_help_names_every_command_and_cuts_none_of_their_descriptions(library: CommandLine) -> None:
    helped = library.run("--help")
    assert helped.returncode == 0
    for command in (*COMMANDS, "models", "doctor", "backup"):
        assert f"\n  {command} " in helped.stdout
    assert "..." not in helped.stdout.partition("Commands:")[2]


def test_without_a_command_there_is_help_and_an_exit_code_of_2(library: CommandLine) -> None:
    ended = library.run()
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("Usage: playlista")


def test_the_version_is_said(library: CommandLine) -> None:
    assert library.run("--version").stdout == f"playlista {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("frobnicate",), "No such command 'frobnicate'; `playlista --help`"),
        (("analyze",), "Missing argument 'PATH…'; `playlista analyze --help`"),
        (("run", "--listen"), "Option '--listen' requires an argument; `playlista"),
        (("run", "--listen", "nowhere"), "LISTEN_ADDRESS"),
        (("list", "--status", "lost"), "'lost' is not one of 'analyzed', 'partial', 'failed', 'quarantined'"),
        (("retry",), "name tracks, or --all"),
        (("export",), None),
        (("export", "--format", "xml"), "'xml' is not one of 'jsonl', 'csv', 'acousticbrainz', 'rekordbox'"),
        (("export", "--music-path", "/music"), "only --format rekordbox writes absolute paths"),
        (("playlist", "x.m3u", "--bpm", "fast"), "'fast': tempo is a range of numbers, such as 90-110"),
        (("playlist", "x.m3u", "--bpm", "126-118"), "begins above its end"),
        (("playlist", "x.m3u", "--key", "13A"), "'13A' is no key, such as 8A or Am"),
        (("list", "--mood", "clam"), "a mood is one of calm, happy, sad, party, aggressive, dark"),
        (("tag", "--all", "--fields", ""), "--fields: names no field; it takes some of bpm, key"),
        (("list", "--energy", "7.."), "'7..': energy is a range of numbers within 0..1"),
        (("list", "--energy", "high"), "'high': energy is a range of numbers"),
        (("playlist",), "name the file to write, or a playlist with --preview NAME"),
        (("playlist", "x.m3u", "--preview", "Calm evening"), "name the file to write, or a playlist"),
        (("similar", "slow.flac", "-n", "0"), "0 is not in the range 1<=x"),
        (("models",), "Missing command; `playlista models --help`"),
    ],
)
def test_wrong_usage_is_one_line_and_2(library: CommandLine, arguments: tuple[str, ...], said: str | None) -> None:
    ended = library.run(*arguments)
    if said is None:  # a default does
        assert ended.returncode == 0
        return
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith("playlista: ")
    assert said in line


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux's /dev/full")
@pytest.mark.parametrize(
    "arguments", [("analyze", "slow.flac"), ("analyze", "--json", "slow.flac"), ("list",), ("-h",)]
)
def test_a_full_disk_behind_standard_output_is_told_in_one_line_and_1(
    library: CommandLine, arguments: tuple[str, ...]
) -> None:
    settings = {**library.environment, "MUSICNN_RUNTIME": "off"}
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "playlista", *arguments],
            env=settings,
            cwd=library.music,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("playlista: standard output: cannot be written")


@pytest.mark.parametrize("arguments", [("backup", ""), ("export", "-o", ""), ("playlist", "")])
def test_an_empty_name_of_an_output_is_told_as_such(library: CommandLine, arguments: tuple[str, ...]) -> None:
    ended = library.run(*arguments)
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("playlista: the name of the output is empty; name a file")
