"""When playlists are written: after changes of the library or of the rules, and not before these have come to rest."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from playlista.config import Settings
from playlista.daemon import playlist_keeper
from playlista.daemon.playlist_keeper import LONGEST_WAIT_SECONDS, QUIET_SECONDS, PlaylistKeeper
from playlista.library.database import FILE_NAME, Database, open_read_only
from playlista.outputs.playlists.choice import PlaylistChoice
from playlista.outputs.playlists.kept import KeptPlaylists
from playlista.outputs.similarity.engine import Similarity
from tests.deadlines import DEADLINE_SECONDS
from tests.libraries import Parts, open_parts
from tests.outputs.songs import add_song


@dataclass
class Monotonic:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    (tmp_path / "lists").mkdir()
    with open_parts(tmp_path, synced=False) as opened:
        add_song(opened, "first.mp3")
        yield opened


@pytest.fixture
def reader(parts: Parts, tmp_path: Path) -> Iterator[Database]:
    with open_read_only(str(tmp_path / FILE_NAME)) as opened:
        yield opened


def keeper_of(folder: Path, reader: Database, clock: Monotonic) -> PlaylistKeeper:
    settings = Settings(data_dir=folder, music_dir=folder / "music", playlist_dir=folder / "lists")
    (folder / "playlists.toml").write_text("defaults = false\n[All]\n")
    choice = PlaylistChoice(reader, lambda: Similarity(reader))
    return PlaylistKeeper(settings, reader, KeptPlaylists(settings, choice), clock=clock)


def test_playlists_are_written_once_changes_have_come_to_rest(parts: Parts, tmp_path: Path, reader: Database) -> None:
    clock = Monotonic()
    keeper = keeper_of(tmp_path, reader, clock)
    assert not keeper.look()
    clock.now += QUIET_SECONDS
    assert keeper.look(), "they are written after a start"
    assert [one.tracks for one in keeper.kept] == [1]
    clock.now += 1000
    assert not keeper.look(), "nothing has changed"
    add_song(parts, "second.mp3")
    assert not keeper.look()
    clock.now += QUIET_SECONDS / 2
    add_song(parts, "third.mp3")
    assert not keeper.look()
    clock.now += QUIET_SECONDS / 2
    assert not keeper.look(), "the last change is too new"
    clock.now += QUIET_SECONDS / 2
    assert keeper.look()
    assert [one.tracks for one in keeper.kept] == [3]


def test_changes_that_do_not_end_are_written_all_the_same(parts: Parts, tmp_path: Path, reader: Database) -> None:
    clock = Monotonic()
    keeper = keeper_of(tmp_path, reader, clock)
    looks = 0
    while not keeper.look():
        looks += 1
        clock.now += QUIET_SECONDS / 2
        add_song(parts, f"{looks}.mp3")
    assert looks == 2 * LONGEST_WAIT_SECONDS / QUIET_SECONDS


def test_changed_rules_are_followed_and_wrong_ones_are_told(parts: Parts, tmp_path: Path, reader: Database) -> None:
    clock = Monotonic()
    keeper = keeper_of(tmp_path, reader, clock)
    keeper.keep()
    rules = tmp_path / "playlists.toml"
    for text in ("defaults = false\n[All]\nbmp = 3\n", "defaults = false\n[Other]\nbpm = '90..'\n"):
        rules.write_text(text)
        keeper.look()
        clock.now += QUIET_SECONDS
        assert keeper.look()
        if "bmp" in text:
            assert keeper.trouble is not None
            assert "bmp is unknown; did you mean bpm?" in keeper.trouble
            assert [one.name for one in (tmp_path / "lists").iterdir()] == ["All.m3u8"]
    assert keeper.trouble is None
    assert [one.name for one in (tmp_path / "lists").iterdir()] == ["Other.m3u8"]


def test_an_error_that_nobody_thought_of_is_told_and_the_keeping_goes_on(
    tmp_path: Path, reader: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playlist_keeper, "LOOK_SECONDS", 0.01)
    keeper = keeper_of(tmp_path, reader, Monotonic())
    looks: list[int] = []

    def look() -> bool:
        looks.append(1)
        raise RuntimeError("nobody thought of it")

    monkeypatch.setattr(keeper, "look", look)
    keeper.start()
    deadline = time.monotonic() + DEADLINE_SECONDS
    while len(looks) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    keeper.stop()
    assert len(looks) >= 3
    assert keeper.trouble == "RuntimeError: nobody thought of it; please report it with the log"
