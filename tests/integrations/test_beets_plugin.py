"""The plugin for beets, in a real beets, with a real daemon and with the program alone."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mutagen
import pytest

from tests.deadlines import DEADLINE_SECONDS
from tests.ffmpeg import ffmpeg
from tests.integration.daemon import ROOT, Daemon
from tests.signals import song, write

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("beets") is None, reason="beets comes with requirements-soak.lock"),
]
PLUGIN = ROOT / "integrations/beets/beetsplug"
TOKEN = "a-token-of-this-test-alone"


class Beets:
    """A beets whose music folder is `music`, with the plugin and these settings of it."""

    def __init__(self, folder: Path, music: Path, environment: dict[str, str], **settings: str) -> None:
        folder.mkdir()
        self._config = folder / "config.yaml"
        self._environment = {**environment, "BEETSDIR": str(folder), "HOME": str(folder)}
        lines = [f"  {name}: {value}" for name, value in settings.items()]
        self._config.write_text(
            f"directory: {music}\nlibrary: {folder / 'library.db'}\npluginpath: {PLUGIN}\nplugins: [playlista]\n"
            "import: {copy: no, write: yes, autotag: no, quiet: yes}\nplaylista:\n" + "\n".join(lines) + "\n"
        )

    def run(self, *arguments: str) -> tuple[str, str]:
        """Output and errors of a command."""
        done = subprocess.run(
            [sys.executable, "-m", "beets", "-c", str(self._config), *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip(), done.stderr

    def values(self, query: str, *fields: str) -> list[str]:
        """The fields of the one item that fits."""
        return self.run("ls", "-f", "|".join(f"${{{name}}}" for name in fields), query)[0].split("|")


@pytest.fixture(scope="module")
def analyzing(
    tmp_path_factory: pytest.TempPathFactory, clean_environment: dict[str, str], models_dir: Path
) -> Iterator[Daemon]:
    folder = tmp_path_factory.mktemp("daemon")
    running = Daemon(folder, clean_environment | {"AUTH_TOKEN": TOKEN, "METRICS_WITHOUT_TOKEN": "true"})
    for number, bpm in enumerate((100, 120, 140)):
        path = running.music / "Artist" / f"{number} Song {number}.flac"
        path.parent.mkdir(exist_ok=True)
        tag(write(path, song(seconds=12, bpm=bpm)), f"Song {number}")
    running.start()
    running.wait_for(lambda: running.metric('playlista_library_tracks{status="analyzed"}') == 3, "the analyses")
    yield running
    running.close()


@pytest.fixture
def daemon(analyzing: Daemon) -> Iterator[Daemon]:
    """A daemon with three analyzed tracks, whose tags are what they were after each test."""
    files = list(analyzing.music.rglob("*.flac"))
    assert len(files) == 3
    before = [path.read_bytes() for path in files]
    yield analyzing
    for path, content in zip(files, before, strict=True):
        path.write_bytes(content)


def tag(path: Path, title: str) -> None:
    file = mutagen.File(path, easy=True)
    file["title"], file["artist"] = title, "Artist"
    file.save()


def beets_with(daemon: Daemon, tmp_path: Path, environment: dict[str, str]) -> Beets:
    url = f"http://127.0.0.1:{daemon.port}"
    settings = {"url": url, "token": TOKEN, "timeout": "60", "command": "''"}
    return Beets(tmp_path / "beets", daemon.music, environment, **settings)


def test_an_import_takes_the_values_of_the_daemon_into_library_and_files(
    daemon: Daemon, tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    beets = beets_with(daemon, tmp_path, clean_environment)
    beets.run("import", "-qAC", str(daemon.music))
    fields = "$title|$bpm|$initial_key|$playlista_camelot|$playlista_lufs|$playlista_energy"
    songs = dict(line.split("|", 1) for line in beets.run("ls", "-f", fields)[0].splitlines())
    for number, bpm in enumerate((100, 120, 140)):
        found = songs[f"Song {number}"].split("|")
        assert abs(int(found[0]) - bpm) <= 1
        # The chords are those of C major; Am has the same notes.
        assert found[1:3] in (["C", "8B"], ["Am", "8A"])
    beets.run("write")  # which an import does by itself, unless it is one "as is"
    file = mutagen.File(daemon.music / "Artist" / "1 Song 1.flac")
    _, key, _, lufs, energy_text = songs["Song 1"].split("|")
    assert abs(int(file["bpm"][0]) - 120) <= 1
    assert file["initialkey"] == [key]
    # ReplayGain 2 refers to -18 LUFS.
    assert float(file["replaygain_track_gain"][0].split()[0]) == pytest.approx(-18 - float(lufs), abs=0.06)
    energy = float(energy_text)
    assert 0 < energy < 1
    assert "Song 1" in beets.run("ls", f"playlista_energy:{energy - 0.01}..{energy + 0.01}", "-f", "$title")[0]
    assert "0 of 3 tracks changed" in beets.run("-v", "playlista")[1]


def test_a_value_that_is_there_is_kept_unless_forced(
    daemon: Daemon, tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    beets = beets_with(daemon, tmp_path, clean_environment)
    file = mutagen.File(daemon.music / "Artist" / "1 Song 1.flac")
    file["bpm"] = "61"
    file.save()
    beets.run("import", "-qAC", str(daemon.music))
    bpm, gain = beets.values("title:Song 1", "bpm", "rg_track_gain")
    assert bpm == "61"
    assert gain != ""
    beets.run("playlista", "-f", "title:Song 1")
    assert abs(int(beets.values("title:Song 1", "bpm")[0]) - 120) <= 1


def test_tracks_that_sound_alike_are_listed_by_their_similarity(
    daemon: Daemon, tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    beets = beets_with(daemon, tmp_path, clean_environment)
    beets.run("import", "-qAC", str(daemon.music))
    lines = beets.run("playlista", "-s", "title:Song 1")[0].splitlines()
    assert sorted(line[-6:] for line in lines) == ["Song 0", "Song 2"]
    assert beets.run("ls", "playlista_lufs:-70..0", "-f", "$title")[0].splitlines() == ["Song 0", "Song 1", "Song 2"]
    assert beets.run("ls", "playlista_lufs:-1..0")[0] == ""
    similarities = [float(line.split()[0]) for line in lines]
    assert similarities == sorted(similarities, reverse=True)


def test_without_a_daemon_the_program_analyzes_and_a_line_says_why(
    tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    music = tmp_path / "music"
    music.mkdir()
    wave = write(tmp_path / "song.wav", song(seconds=12))
    ffmpeg("-i", wave, "-c:a", "libopus", music / "a.opus")
    tag(music / "a.opus", "Song")
    program = tmp_path / "playlista"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m playlista "$@"\n')
    program.chmod(0o755)
    environment = {**clean_environment, "PYTHONPATH": str(ROOT / "daemon"), "MUSICNN_RUNTIME": "off"}
    beets = Beets(tmp_path / "beets", music, environment, url="http://127.0.0.1:9", command=os.fspath(program))
    _, errors = beets.run("import", "-qAC", str(music))
    assert "no daemon answers at http://127.0.0.1:9" in errors
    beets.run("write")
    bpm, lufs = beets.values("title:Song", "bpm", "playlista_lufs")
    assert abs(int(bpm) - 120) <= 1
    # EBU R 128: Opus keeps the gain to -23 LUFS as a number of 1/256 dB (RFC 7845, 5.2.1).
    gain = int(mutagen.File(music / "a.opus")["r128_track_gain"][0]) / 256
    assert gain == pytest.approx(-23 - float(lufs), abs=0.06)


def test_the_plugin_knows_the_tags_of_the_model(models_dir: Path) -> None:
    labels = json.loads((models_dir / "msd-musicnn.json").read_text())["labels"]
    source = ast.parse((PLUGIN / "playlista.py").read_text("utf-8"))
    (names,) = (
        ast.literal_eval(one.value)
        for one in source.body
        if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "MUSICNN_TAGS"
    )
    assert list(names) == labels
