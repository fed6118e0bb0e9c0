"""Resident memory as the kernel counts it, and the two ways of giving some back."""

from __future__ import annotations

import ctypes
import mmap
import os
import subprocess
import sys
from pathlib import Path

import pytest

from playlista.memory.process import drop_page_cache, peak_resident_bytes, resident_memory, trim_heap
from tests.memory.trees import MIB, write

on_linux = pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="no /proc here")
SLACK_BYTES = 3 * MIB

STATUS = """Name:	python3
VmPeak:	  900000 kB
VmHWM:	  260000 kB
VmRSS:	  209000 kB
RssAnon:	  130000 kB
RssFile:	   78000 kB
RssShmem:	    1000 kB
Threads:	4
"""


def test_status_is_split_into_anonymous_and_file_pages(tmp_path: Path) -> None:
    write(tmp_path, "/proc/self/status", STATUS)
    memory = resident_memory(tmp_path)
    assert memory.resident_bytes == 209000 * 1024
    assert memory.anonymous_bytes == 130000 * 1024
    assert memory.file_bytes == (78000 + 1000) * 1024
    assert memory.peak_bytes == 260000 * 1024


def test_a_kernel_that_does_not_split_leaves_everything_anonymous(tmp_path: Path) -> None:
    write(tmp_path, "/proc/self/status", "VmRSS:\t  2000 kB\n")
    memory = resident_memory(tmp_path)
    assert (memory.anonymous_bytes, memory.file_bytes, memory.peak_bytes) == (2000 * 1024, 0, 2000 * 1024)


def test_without_proc_there_is_still_a_figure(tmp_path: Path) -> None:
    assert resident_memory(tmp_path).resident_bytes > 5 * MIB


@on_linux
def test_another_process_can_be_looked_at_and_one_that_has_ended_holds_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        assert resident_memory(pid=other.pid).resident_bytes > 0
    assert resident_memory(pid=other.pid).resident_bytes == 0


@on_linux
def test_memory_that_is_written_to_becomes_anonymous_and_raises_the_peak() -> None:
    before = resident_memory()
    held = mmap.mmap(-1, 48 * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    # Page by page: a temporary of that size might land in heap that is resident already.
    for offset in range(0, 48 * MIB, mmap.PAGESIZE):
        held[offset] = 1
    after = resident_memory()
    held.close()
    assert after.anonymous_bytes - before.anonymous_bytes == pytest.approx(48 * MIB, abs=SLACK_BYTES)
    assert after.resident_bytes == after.anonymous_bytes + after.file_bytes
    assert peak_resident_bytes() >= after.resident_bytes - SLACK_BYTES


@on_linux
def test_a_mapped_file_becomes_file_pages(tmp_path: Path) -> None:
    path = tmp_path / "mapped"
    path.write_bytes(b"x" * (16 * MIB))
    before = resident_memory()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as view:
        assert sum(view[:: mmap.PAGESIZE]) > 0
        after = resident_memory()
    assert after.file_bytes - before.file_bytes == pytest.approx(16 * MIB, abs=SLACK_BYTES)


def test_dropping_the_cache_of_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert not drop_page_cache(tmp_path / "gone.flac")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_dropping_the_cache_of_a_pipe_does_not_hang(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    drop_page_cache(pipe)


def test_a_c_library_without_malloc_trim_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Musl:
        """A C library that has no such call."""

        def __init__(self, name: str | None) -> None:
            self.name = name

    monkeypatch.setattr(ctypes, "CDLL", Musl)
    assert not trim_heap()
