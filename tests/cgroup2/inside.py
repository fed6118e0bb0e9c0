"""Runs inside the user-mode machine: every case, a line of JSON each, marked for the host to find."""

from __future__ import annotations

import json
import os
import sys
import traceback
from dataclasses import asdict
from pathlib import Path

from tests.cgroup2.cases import Case, Music, all_cases, real_cgroup_tests

MARK = "cgroup2-case:"


def main() -> None:
    """Run what the host asked for by the environment: ``MUSIC_FLAC=…``, ``SHORT=…``."""
    hours = {name.removeprefix("MUSIC_"): Path(path) for name, path in os.environ.items() if name.startswith("MUSIC_")}
    sys.stdout.write(f"{MARK}{json.dumps({'release': os.uname().release})}\n")
    try:
        _print(real_cgroup_tests())
        for case in all_cases(Music(hours, Path(os.environ["SHORT"]))):
            _print(case)
    except Exception:
        traceback.print_exc(file=sys.stdout)


def _print(case: Case) -> None:
    sys.stdout.write(f"{MARK}{json.dumps(asdict(case))}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
