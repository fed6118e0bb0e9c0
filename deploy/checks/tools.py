"""Running the tools of other people that the checks rely on.

Input: a command. Output: its exit code and output, or `ToolMissing` with how to get it. ``build/tools/bin``
(deploy/tools.sh) goes before the folder of this Python (the test requirements), and that before PATH.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
TOOLS = PROJECT / "build" / "tools"

_FOLDERS = os.pathsep.join([str(TOOLS / "bin"), str(Path(sys.executable).parent), os.environ.get("PATH", "")])


class ToolMissing(Exception):
    """A tool is not here; the text says how to get it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended, and what it said on both streams."""

    code: int
    output: str

    def problems(self, prefix: str = "") -> list[str]:
        """No line for success, all that it said for failure."""
        if self.code == 0:
            return []
        return [f"{prefix}{line}" for line in self.output.splitlines() if line.strip()] or [f"{prefix}code {self.code}"]


def locate(tool: str) -> str:
    """Path of `tool`.

    Raises
    ------
    ToolMissing : it is nowhere.
    """
    found = shutil.which(tool, path=_FOLDERS)
    if found is None:
        raise ToolMissing(f"{tool} is not here; run sh deploy/tools.sh")
    return found


def run(*command: str | Path, cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> Outcome:
    """Run a tool to its end; `environment` adds to this process's.

    Raises
    ------
    ToolMissing : it is nowhere.
    """
    done = subprocess.run(
        [locate(str(command[0])), *map(str, command[1:])],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    return Outcome(done.returncode, done.stdout)
