"""What a killed daemon leaves behind: no ffmpeg that goes on decoding for nobody."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests import signals
from tests.ffmpeg import ffmpeg
from tests.integration.daemon import Daemon


@pytest.fixture
def daemon(tmp_path: Path, clean_environment: dict[str, str]) -> Iterator[Daemon]:
    made = Daemon(tmp_path, clean_environment, MUSICNN_RUNTIME="off")
    yield made
    made.close()


def long_m4a(path: Path) -> None:
    """Half an hour of AAC, of which only the first twenty seconds had to be encoded."""
    wav = signals.write(path.with_suffix(".source.wav"), signals.song(20))
    short = path.with_suffix(".short.m4a")
    ffmpeg("-i", wav, "-c:a", "aac", short)
    ffmpeg("-stream_loop", "90", "-i", short, "-c", "copy", path)


def children_of(pid: int) -> list[int]:
    """Living children of all threads of a process."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            found += map(int, (task / "children").read_text().split())
    return found


def is_running(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    return False


def test_ffmpeg_ends_with_the_daemon_that_was_killed(daemon: Daemon, tmp_path: Path) -> None:
    long_m4a(tmp_path / "long.m4a")
    (tmp_path / "long.m4a").rename(daemon.music / "long.m4a")
    daemon.start()
    assert daemon.process is not None
    pid = daemon.process.pid
    daemon.wait_for(lambda: children_of(pid), "the ffmpeg child")
    children = children_of(pid)

    daemon.stop(signal.SIGKILL)

    daemon.wait_for(lambda: not any(map(is_running, children)), "ffmpeg to end by itself")
