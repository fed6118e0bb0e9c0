"""Tags that a real daemon writes into the files that it watches."""

from __future__ import annotations

from pathlib import Path

from mutagen.flac import FLAC

from tests import signals
from tests.integration.daemon import Daemon

QUIET = {"MUSICNN_RUNTIME": "off", "WATCH_SETTLE_SECONDS": "0", "WATCH_RESCAN_INTERVAL_SECONDS": "1"}


def test_tags_follow_the_analysis_and_the_own_write_is_never_analyzed(
    tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    daemon = Daemon(tmp_path, clean_environment, TAG_WRITE="bpm,key", **QUIET)
    song = daemon.music / "song.flac"
    signals.write(song, signals.song(8, bpm=120))
    try:
        daemon.start()
        daemon.told("tags.written")
        bpm = FLAC(song)["bpm"][0]
        theirs = FLAC(song)
        theirs["title"] = "Another title"
        theirs.save()
        daemon.wait_for(lambda: 'unchanged"} 0' not in daemon.get("/metrics")[1].decode(), "a look after the edit")
        scans = len(daemon.events("folder.scanned"))
        daemon.told("folder.scanned", scans + 3)
        assert len(daemon.events("track.analyzed")) == 1
        assert len(daemon.events("tags.written")) == 1
        assert (FLAC(song)["bpm"], FLAC(song)["title"]) == ([bpm], ["Another title"])
        assert daemon.metric('playlista_tag_writes_total{result="written"}') == 1
        assert daemon.stop()[0] == 0
    finally:
        daemon.close()


def test_one_pass_writes_tags_too_and_status_says_what_is_written(
    tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    daemon = Daemon(tmp_path, clean_environment, TAG_WRITE="replaygain", **QUIET)
    song = daemon.music / "song.flac"
    signals.write(song, signals.song(8, bpm=120))
    (daemon.music / "link.flac").hardlink_to(song)
    assert daemon.run("run", "--once").returncode == 0
    status = daemon.run("status").stdout
    assert "writing    replaygain into the files; 0 still to be checked, 2 left alone (hard_links)" in status
    (daemon.music / "link.flac").unlink()
    assert daemon.run("run", "--once").returncode == 0
    assert "replaygain_track_gain" in FLAC(song)
    assert "left alone" not in daemon.run("status").stdout
