"""The queue under SIGKILL: a real process works it off and dies at random moments, over and over.

The moments are counted in what the process has said, not in time, so that a busy machine has as many of them as an
idle one.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from tests.libraries import child_environment, open_parts, quick_check, track_file

FILES = 400
KILLS = 25
#: The most lines that a life may say before it is killed: all of them together leave files over.
MOST_LINES = 30
#: So many lives are killed for certain while they are at a file: they wait there.
HELD_EVERY = 5

#: Says each result after the queue took it, as the daemon's log would; each claim before the file would be opened.
#: At the claim whose number it was given it stays until it is killed.
WORKER = """
import sys, time
from playlista.library.database import open_database
from playlista.library.queue import JobQueue
from playlista.library.results import Store
from tests.libraries import analysis_of

with open_database(sys.argv[1]) as database:
    store = Store(database, clock=time.time)
    queue = JobQueue(database, store, clock=time.time, max_attempts=10**6, first_backoff_seconds=0)
    print("crashed", *(crashed.path for crashed in queue.recover_claimed()), flush=True)
    claims = 0
    while (job := queue.claim()) is not None:
        print("claimed", job.file.path, flush=True)
        claims += 1
        if claims == int(sys.argv[2]):
            sys.stdin.read()
        assert queue.finish(job, analysis_of(job.file.path))
        print("finished", job.file.path, flush=True)
print("empty", flush=True)
"""


def run_until_killed(library: Path, lines: int, held_at: int) -> list[list[str]]:
    """What one life of the worker said, of which the last line may be torn; it is killed after so many `lines`.

    Where `held_at` is no 0, it waits at the claim of that number, and is killed after saying so.
    """
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, os.fspath(library), str(held_at)],
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    said = [worker.stdout.readline().split() for _ in range(2 * held_at if held_at else lines)]
    worker.send_signal(signal.SIGKILL)
    with worker:
        rest = worker.stdout.read()  # communicate() would lose the lines that were read ahead
    return said + [line.split() for line in rest.splitlines(keepends=True) if line.endswith("\n")]


def test_no_result_is_lost_or_doubled_and_each_interrupted_file_is_named(tmp_path: Path) -> None:
    library = tmp_path / "playlista.db"
    with open_parts(tmp_path) as parts:
        parts.queue.enqueue((track_file(f"{number:04}.mp3") for number in range(FILES)), "scan")
    moments = random.Random(20)
    finished: list[str] = []
    lives = [
        run_until_killed(library, moments.randint(1, MOST_LINES), 0 if number % HELD_EVERY else moments.randint(1, 5))
        for number in range(KILLS)
    ]
    for life, next_life in pairwise(lives):
        finished += [said[1] for said in life if said[0] == "finished"]
        last_said = life[-1]
        if last_said[0] == "claimed":
            # Either the claimed file is named, or its result was written and only the word of it was lost.
            assert next_life[0] in (["crashed", last_said[1]], ["crashed"])
    named = [life[0] for life in lives[1:] if len(life[0]) == 2]
    assert len(named) >= KILLS // HELD_EVERY - 1, "a kill in an attempt went by unnoticed"
    with open_parts(tmp_path) as parts:
        stored = [result.path for result in parts.results()]
        assert quick_check(parts.database) == []
        assert set(finished) <= set(stored)
        assert len(finished) == len(set(finished)), "a finished file was analyzed again"
        left = sum(parts.overview.job_counts().values())
        assert len(stored) + left == FILES
