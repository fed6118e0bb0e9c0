"""Fresh interpreters that say what their native environment does: arenas, page faults, variables."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from playlista.system.environment import prepare_environment

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "daemon"
ON_GLIBC = hasattr(ctypes.CDLL(None), "malloc_info") and hasattr(ctypes.CDLL(None), "mallopt")
needs_glibc = pytest.mark.skipif(not ON_GLIBC, reason="mallopt and malloc_info are glibc's")

PREPARE = "from playlista.system.environment import prepare_environment\nprepare_environment({}, threads=2)\n"

# Prints how many arenas 16 threads made that all held memory at one time.
COUNT_ARENAS = """
import ctypes, os, tempfile, threading
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.fclose.argtypes = [ctypes.c_void_p]
together = threading.Barrier(16)
def hold_memory():
    libc.malloc(2000)
    together.wait(30)
threads = [threading.Thread(target=hold_memory) for _ in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
with tempfile.TemporaryDirectory() as folder:
    stream = libc.fopen(os.fsencode(folder + "/info"), b"w")
    libc.malloc_info(0, stream)
    libc.fclose(stream)
    print(open(folder + "/info").read().count("<heap nr"))
"""

# Prints how many page faults it takes to write 100 times into a fresh block of 8 MiB (2048 pages).
COUNT_FAULTS = """
import ctypes, resource
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(100):
    block = libc.malloc(8 << 20)
    libc.memset(block, 1, 8 << 20)
    libc.free(block)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def run_python(code: str, **variables: str) -> str:
    """What a fresh interpreter prints; none of the variables that we set is inherited from the test run."""
    ours = prepare_environment({}, threads=1, environ={}, imported=()).set
    foreign = {name: value for name, value in os.environ.items() if name not in ours}
    environment = {**foreign, "PYTHONPATH": str(SOURCES), **variables}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True, timeout=120
    ).stdout.strip()
