"""Playlists that a real daemon keeps, inside the folder that it watches."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import signals
from tests.exhaustive import but_few
from tests.integration.daemon import Daemon

GOOD_RULES = 'defaults = false\n["Quick: 140+"]\nbpm = "140.."\n["Slow"]\nbpm = "..100"\n'


@pytest.mark.parametrize("mode", but_few(["inotify", "polling"], "inotify"))
def test_playlists_follow_the_music_and_the_rules_without_a_loop(
    tmp_path: Path, clean_environment: dict[str, str], mode: str
) -> None:
    settings = {"MUSICNN_RUNTIME": "off", "WATCH_MODE": mode, "WATCH_RESCAN_INTERVAL_SECONDS": "2"}
    daemon = Daemon(tmp_path, clean_environment, PLAYLIST_DIR=str(tmp_path / "music" / "lists"), **settings)
    signals.write(daemon.music / "fast.flac", signals.song(8, bpm=150))
    daemon.data.mkdir()
    rules = daemon.data / "playlists.toml"
    rules.write_text(f"{GOOD_RULES}key = '99'\n")
    place = daemon.music / "lists" / "Quick_ 140+.m3u8"
    try:
        daemon.start()
        assert "'Slow': key is a key" in daemon.told("playlist.failed")[0]["error"]
        assert not place.exists(), "rules that cannot be used write nothing"
        rules.write_text(GOOD_RULES)
        daemon.wait_for(lambda: place.exists() and "../fast.flac\n" in place.read_text(), "the first playlist")
        assert "#PLAYLIST:Quick: 140+" in place.read_text()
        signals.write(daemon.music / "faster.flac", signals.song(8, bpm=150, seed=3))
        daemon.wait_for(lambda: "../faster.flac\n" in place.read_text(), "the playlist with the new song")
        (daemon.music / "fast.flac").unlink()
        daemon.wait_for(lambda: "../fast.flac\n" not in place.read_text(), "the playlist without the song that is gone")
        before = place.stat().st_ino, place.stat().st_mtime_ns
        discovered = daemon.metric("playlista_tracks_discovered_total")
        written = len(daemon.events("playlist.written"))
        for number in (1, 2):  # two more rounds, in which a loop would write again
            rules.write_text(f"{GOOD_RULES}[Round{number}]\n")
            daemon.wait_for((place.parent / f"Round{number}.m3u8").exists, "the playlist of a new rule")
        daemon.wait_for(lambda: not (place.parent / "Round1.m3u8").exists(), "the end of a playlist without a rule")
        assert (place.stat().st_ino, place.stat().st_mtime_ns) == before
        assert len(daemon.events("playlist.written")) == written + 2
        assert daemon.metric("playlista_tracks_discovered_total") == discovered
        assert daemon.stop()[0] == 0
    finally:
        daemon.close()


def test_one_pass_keeps_playlists_too_and_a_file_of_somebody_else_stays(
    tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    daemon = Daemon(tmp_path, clean_environment, PLAYLIST_DIR=str(tmp_path / "lists"), MUSICNN_RUNTIME="off")
    signals.write(daemon.music / "fast.flac", signals.song(8, bpm=150))
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "Mine.m3u8").write_text("#EXTM3U\n")
    (tmp_path / "lists" / "playlists.toml").write_text("defaults = false\n[Mine]\n[Ours]\n")
    ended = daemon.run("run", "--once")
    assert ended.returncode == 0
    assert "../music/fast.flac\n" in (tmp_path / "lists" / "Ours.m3u8").read_text()
    assert (tmp_path / "lists" / "Mine.m3u8").read_text() == "#EXTM3U\n"
    assert "rename that file or the playlist" in ended.stderr
