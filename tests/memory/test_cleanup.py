"""Forced cleanup frees what it should, costs next to nothing, and can be turned off."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from playlista.memory.cleanup import Cleanup
from tests.memory.trees import MIB

SOURCES = Path(__file__).parents[2] / "daemon"

# What a track's 106 chunks of 3 s cost in cleanup, with every library of the daemon loaded.
COST_OF_A_TRACK = """
import gc, json, time
from playlista.system.essentia_algorithms import essentia_standard
essentia_standard()
import numpy, prometheus_client, soundfile, soxr, sqlite3, structlog, typer, watchdog.observers
from playlista.memory.cleanup import Cleanup

def collection_ms():
    started = time.process_time()
    gc.collect()
    return (time.process_time() - started) * 1000

gc.collect()
unfrozen_ms = min(collection_ms() for _ in range(3))
spent = []
cleanup = Cleanup(enabled=True, spent=spent.append)
chunks = []
for _ in range(106):
    garbage = [[] for _ in range(1000)]
    garbage.append(garbage)
    del garbage
    cleanup.after_chunk()
print(json.dumps({"unfrozen_ms": unfrozen_ms, "first_ms": spent[0] * 1000, "rest_ms": sum(spent[1:]) * 1000}))
"""

# Resident bytes after a track that left 48 MiB of free blocks below one that is still in use.
RESIDENT_AFTER_A_TRACK = """
import sys
from playlista.system.environment import prepare_environment
prepare_environment({}, threads=1)
from playlista.memory.cleanup import Cleanup
from playlista.memory.process import resident_memory
cleanup = Cleanup(enabled=sys.argv[1] == "true")
blocks = [bytearray(4000) for _ in range(12_500)]
kept = bytearray(4000)
del blocks
cleanup.after_track()
print(resident_memory().resident_bytes)
"""


@pytest.fixture
def by_hand() -> Iterator[None]:
    """No automatic collection, and nothing stays frozen for the tests that follow."""
    gc.disable()
    yield
    gc.unfreeze()
    gc.enable()


class Node:
    """Something that refers to itself, which reference counting never frees."""

    def __init__(self) -> None:
        self.itself = self


@pytest.mark.usefixtures("by_hand")
def test_a_cycle_that_a_chunk_left_behind_is_freed_after_it() -> None:
    cleanup = Cleanup(enabled=True)
    cleanup.after_chunk()
    node = weakref.ref(Node())
    assert node() is not None
    cleanup.after_chunk()
    assert node() is None


@pytest.mark.usefixtures("by_hand")
def test_a_cycle_that_has_survived_two_chunks_is_freed_after_the_third() -> None:
    cleanup = Cleanup(enabled=True)
    cleanup.after_chunk()
    node = Node()
    seen = weakref.ref(node)
    cleanup.after_chunk()
    cleanup.after_chunk()
    del node
    cleanup.after_chunk()
    assert seen() is None


@pytest.mark.usefixtures("by_hand")
def test_turned_off_it_neither_collects_nor_counts() -> None:
    spent: list[float] = []
    cleanup = Cleanup(enabled=False, spent=spent.append)
    node = weakref.ref(Node())
    cleanup.after_chunk()
    cleanup.after_track()
    assert node() is not None
    assert not spent
    cleanup.now()  # what is done when memory is short does not depend on the setting
    assert node() is None
    assert len(spent) == 1


@pytest.mark.usefixtures("by_hand")
def test_the_seconds_of_every_cleanup_are_counted() -> None:
    spent: list[float] = []
    cleanup = Cleanup(enabled=True, spent=spent.append)
    cleanup.after_chunk()
    cleanup.after_chunk()
    cleanup.after_track()
    assert len(spent) == 3
    assert all(seconds >= 0 for seconds in spent)
    assert spent[0] > 0  # the first one walks everything that is loaded


def test_the_cleanup_of_a_whole_track_costs_less_than_two_percent_of_its_cpu() -> None:
    """By what a full collection costs here, 8 ms where a track of 5:18 costs 1.5 CPU s at the very least.

    So 2 % of the track are less than four collections.
    """
    pytest.importorskip("essentia")
    cost = json.loads(_python(COST_OF_A_TRACK))
    assert cost["first_ms"] + cost["rest_ms"] < 4 * cost["unfrozen_ms"]
    # What it would cost to collect after each of 106 chunks without freezing.
    assert cost["rest_ms"] < 0.05 * cost["unfrozen_ms"] * 106


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="malloc_trim is glibc's")
def test_forced_cleanup_gives_a_tracks_free_pages_back_to_the_system() -> None:
    resident = {flag: int(_python(RESIDENT_AFTER_A_TRACK, flag)) for flag in ("true", "false")}
    assert resident["false"] - resident["true"] > 40 * MIB


def _python(code: str, *arguments: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={"PYTHONPATH": str(SOURCES), "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return finished.stdout.strip().splitlines()[-1]
