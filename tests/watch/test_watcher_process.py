"""The watcher at the limits of the kernel and of a large library, in processes of its own."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Literal

import pytest

from playlista.watch.options import WatchOptions
from playlista.watch.watcher import MusicWatcher
from tests.deadlines import DEADLINE_SECONDS
from tests.libraries import Parts, child_environment
from tests.watch.folders import make, until

SETTLE_SECONDS = 0.3

WatchMode = Literal["auto", "inotify", "polling"]


class Process:
    """``tests.watch.watching``, and the last state that it told of."""

    def __init__(self, root: Path, data: Path, project_root: Path, *wrapper: str) -> None:
        data.mkdir(exist_ok=True)
        self.state: dict[str, Any] = {}
        self.popen = subprocess.Popen(
            [*wrapper, sys.executable, "-m", "tests.watch.watching", os.fspath(root), os.fspath(data), "auto"],
            env=child_environment(),
            cwd=project_root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            if line.startswith("{"):
                self.state = json.loads(line)

    def tell(self, python: str) -> None:
        assert self.popen.stdin is not None
        self.popen.stdin.write(python + "\n")
        self.popen.stdin.flush()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.popen.stdin is not None
        self.popen.stdin.close()
        self.popen.wait(DEADLINE_SECONDS)
        self.reader.join()
        assert self.popen.stdout is not None
        self.popen.stdout.close()


def test_a_burst_that_overflows_the_kernels_queue_loses_no_file(tmp_path: Path, root: Path, project_root: Path) -> None:
    """The watcher is stopped while more happens than the kernel keeps for it: events are lost, the files are not."""
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text("ascii"))
    files = limit // 3 + 500  # each file is created, written and closed
    if files > 20_000:
        pytest.skip(f"the kernel keeps {limit} events here; it would take too many files to fill that")
    make(root, *(f"{number}/before.mp3" for number in range(20)))
    with Process(root, tmp_path / "data", project_root) as process:
        until(lambda: process.state.get("mode") == "inotify" and process.state["known"] == 20)
        process.popen.send_signal(signal.SIGSTOP)
        make(root, *(f"{number % 20}/{number}.mp3" for number in range(files)))
        process.popen.send_signal(signal.SIGCONT)
        until(lambda: process.state["known"] == 20 + files)
        until(lambda: process.state["overflows"] >= 1)


@pytest.fixture
def few_watches() -> list[str]:
    """Starts a program where it may have five inotify watches: a user namespace with a limit of its own."""
    set_limit = "echo 5 > /proc/sys/user/max_inotify_watches"
    if (
        shutil.which("unshare") is None
        or subprocess.run(["unshare", "-Ur", "sh", "-c", set_limit], capture_output=True, check=False).returncode
    ):
        pytest.skip("user namespaces with a limit on inotify watches cannot be made here")
    return ["unshare", "-Ur", "sh", "-c", f'{set_limit}; exec "$@"', "sh"]


def test_inotify_that_runs_out_of_watches_gives_way_to_polling_and_comes_back_by_itself(
    tmp_path: Path, root: Path, project_root: Path, few_watches: list[str]
) -> None:
    make(root, *(f"{number}/a.mp3" for number in range(10)))
    with Process(root, tmp_path / "data", project_root, *few_watches) as process:
        until(lambda: process.state.get("known") == 10)
        until(lambda: "max_user_watches" in (process.state.get("problem") or ""))
        assert process.state["mode"] == "polling"
        make(root, "found by polling/b.mp3")
        until(lambda: process.state["known"] == 11)

        process.tell("open('/proc/sys/user/max_inotify_watches', 'w').write('1000')")
        until(lambda: process.state["mode"] == "inotify" and process.state["problem"] is None)
        make(root, "heard again/c.mp3")
        until(lambda: process.state["known"] == 12)


def test_watches_that_run_out_later_are_noticed_as_well(
    tmp_path: Path, root: Path, project_root: Path, few_watches: list[str]
) -> None:
    make(root, "1/a.mp3")
    with Process(root, tmp_path / "data", project_root, *few_watches) as process:
        until(lambda: process.state.get("mode") == "inotify" and process.state["known"] == 1)
        make(root, *(f"new {number}/b.mp3" for number in range(10)))
        until(lambda: process.state["mode"] == "polling" and "max_user_watches" in (process.state["problem"] or ""))
        until(lambda: process.state["known"] == 11)


@pytest.mark.exhaustive
def test_a_scan_of_a_large_unchanged_library_is_cheap(root: Path, parts: Parts) -> None:
    """Bar: 100,000 files in 10 CPU seconds and 150 MB; here a fifth of the files in a fifth of both."""
    files = 20_000
    make(root, *(f"artist {number // 200}/album {number // 20}/{number}.mp3" for number in range(files)))
    watcher = MusicWatcher(
        os.fspath(root),
        parts.library,
        parts.queue.enqueue,
        WatchOptions(
            settle_seconds=0,
            rescan_interval_seconds=3600,
        ),
        count=lambda event: None,
    )
    watcher.scan_once()
    assert parts.library.count() == files
    began, memory = time.process_time(), _peak_kilobytes()
    watcher.scan_once()
    assert time.process_time() - began < 2.0
    assert _peak_kilobytes() - memory < 30_000


def _peak_kilobytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
