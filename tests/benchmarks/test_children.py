"""What the measuring says of a child process against what that process was told to do."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.cgroups import MIB, memory_cgroup, why_not
from benchmarks.children import ChildFailed, python, run

#: Spins until it has used a third of a second of CPU.
BUSY = "import time\nwhile time.process_time() < 0.33: pass"


def test_cpu_seconds_are_those_of_the_child_and_not_of_the_clock() -> None:
    ended = run(python("-c", f"{BUSY}\ntime.sleep(0.5)"))
    assert 0.33 <= ended.cpu_seconds < 0.8
    assert ended.wall_seconds >= 0.83


def test_cpu_seconds_include_those_of_grandchildren() -> None:
    both = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BUSY!r}])\n{BUSY}"
    assert run(python("-c", both)).cpu_seconds >= 0.66


def test_the_peak_is_the_childs_even_below_that_of_the_one_that_measures() -> None:
    measures = (
        "ballast = bytearray(b'x') * (200 << 20)\n"
        "from benchmarks.children import python, run\n"
        "print(run(python('-c', 'import time; held = bytearray(64 << 20); time.sleep(0.3)')).peak_rss_bytes)"
    )
    ended = subprocess.run([sys.executable, "-c", measures], capture_output=True, text=True, check=True)
    assert 64 * MIB < int(ended.stdout) < 120 * MIB


def test_anonymous_memory_is_told_apart_from_files() -> None:
    ended = run(python("-c", "import time; held = bytearray(b'x') * (100 << 20); time.sleep(0.2)"))
    assert ended.peak_anonymous_bytes > 100 * MIB
    assert 0 < ended.peak_file_bytes < 50 * MIB


def test_a_child_has_one_thread_in_every_pool_and_loses_what_is_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("LOST", "1")
    asks = "import os; print(os.environ['OMP_NUM_THREADS'], 'LOST' in os.environ, os.environ['KEPT'])"
    assert run(python("-c", asks), environment={"LOST": "", "KEPT": "yes"}).output == "1 False yes\n"


def test_a_child_that_fails_is_an_error_with_its_last_words() -> None:
    with pytest.raises(ChildFailed, match=r"(?s)ended with 1: .*ZeroDivisionError"):
        run(python("-c", "1 / 0")).checked()


def test_a_child_beyond_its_time_is_ended() -> None:
    ended = run(python("-c", "import time; time.sleep(60)"), timeout_seconds=0.2)
    assert ended.killed
    assert ended.wall_seconds < 30


def test_a_child_in_a_cgroup_is_killed_above_the_limit_and_the_kernel_says_so() -> None:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with memory_cgroup(64 * MIB) as cgroup:
        ended = run(python("-c", "bytearray(b'x') * (256 << 20)"), cgroup=cgroup)
        assert ended.killed
        assert cgroup.oom_kills() == 1
        peak = cgroup.peak_bytes()
        assert peak is None or 60 * MIB < peak <= 64 * MIB


def test_a_child_in_a_cgroup_lives_below_the_limit() -> None:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with memory_cgroup(128 * MIB) as cgroup:
        assert run(python("-c", "bytearray(b'x') * (64 << 20)"), cgroup=cgroup).exit_code == 0
        assert cgroup.oom_kills() == 0
