"""``python -m tests.load COUNT COMMAND...``: run a command while other programs keep the CPUs busy.

Input: how many programs, and the command. Output: the command's exit code; the programs end with it, or with us. They
are as polite as we are: under ``nice`` all of it gives way to the machine's real work, and they to nobody here.
"""

from __future__ import annotations

import os
import subprocess
import sys

#: Works until the one that started it is gone.
BUSY = "import os, sys\nwhile os.getppid() == int(sys.argv[1]):\n    sum(range(1_000_000))"


def main(count: int, command: list[str]) -> int:
    """Start them, run `command` to its end, and end them."""
    busy = [subprocess.Popen([sys.executable, "-S", "-c", BUSY, str(os.getpid())]) for _ in range(count)]
    try:
        return subprocess.run(command, check=False).returncode
    finally:
        for program in busy:
            program.kill()
            program.wait()


if __name__ == "__main__":
    if len(sys.argv) < 3 or not sys.argv[1].isdecimal():
        raise SystemExit("usage: python -m tests.load COUNT COMMAND...")
    raise SystemExit(main(int(sys.argv[1]), sys.argv[2:]))
