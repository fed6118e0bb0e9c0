"""``make test-native``: the kernels under sanitizers on random arrays, and their bits on other processors.

Input: a compiler and a number of rounds. Output: lines for people; exit code 1 where a sanitizer or a comparison
found something. The sanitizers' own libraries are loaded before the interpreter, so that NumPy's arrays have guarded
borders.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from playlista.native.build import command
from tests.native.machines import machines

SANITIZERS = (
    "-fsanitize=address,undefined",
    "-fsanitize=float-cast-overflow",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
    "-g",
    "-O1",
    "-DONE_COPY",
)
TIMEOUT_SECONDS = 3_600


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.native", description=__doc__)
    parser.add_argument("--compiler", default="cc")
    parser.add_argument("--rounds", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    compiler = asked.compiler.split()
    with tempfile.TemporaryDirectory() as place:
        library = Path(place) / "kernels-sanitized.so"
        subprocess.run(command(compiler, library, (*SANITIZERS, "-Wall", "-Wextra", "-Werror")), check=True)
        print(f"test-native: {asked.rounds} rounds of random arrays under the sanitizers of {compiler[0]}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", "tests.native.fuzz", str(library), str(asked.rounds), str(asked.seed)],
            env={**os.environ, **_sanitizer_environment(compiler)},
            check=False,
            timeout=TIMEOUT_SECONDS,
        )
        differing = _compared(Path(place), asked.compiler)
    if differing:
        print(f"test-native: other bits on {', '.join(differing)}")
        return 1
    print("test-native: passed" if done.returncode == 0 else f"test-native: failed ({done.returncode})")
    return min(abs(done.returncode), 1)


def _compared(folder: Path, compiler: str) -> list[str]:
    """The machines on which a kernel gives other bits than on this one."""
    (_, here), *others = machines(folder, compiler)
    for name, there in others:
        print(f"test-native: {name}: {'the same bits' if there == here else 'OTHER BITS'}", flush=True)
    return [name for name, there in others if there != here]


def _sanitizer_environment(compiler: list[str]) -> dict[str, str]:
    """What loads the run-time libraries first; malloc for all of Python's memory, whose leaks are not ours."""
    found = [
        subprocess.run(
            [*compiler, f"-print-file-name={name}"], check=True, capture_output=True, text=True
        ).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    return {
        "LD_PRELOAD": " ".join(found),
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": "daemon",
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:allocator_may_return_null=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "OPENBLAS_NUM_THREADS": "1",
    }


if __name__ == "__main__":
    raise SystemExit(main())
