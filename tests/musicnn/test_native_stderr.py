"""Known lines of native libraries are suppressed at the file descriptor; all else arrives. In own processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NOTICES = (
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
    "I0000 00:00:1795498693.571360   12331 port.cc:153] oneDNN custom operations are on.\n"
)
TROUBLE = "E0000 00:00:1795498693.571360   12331 file.cc:1] no space left\nterminate called\nIn the end\n"

NATIVE = "import os, sys\nfrom playlista.system.native_stderr import notices_withheld\n"


def run(code: str, project_root: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(project_root / "daemon")}
    return subprocess.run(
        [sys.executable, "-c", NATIVE + code], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_notices_written_to_the_descriptor_are_withheld_and_trouble_is_not(project_root: Path) -> None:
    code = f"with notices_withheld():\n    os.write(2, {(NOTICES + TROUBLE).encode()!r})\n"
    assert run(code, project_root).stderr == TROUBLE


def test_what_python_itself_writes_meanwhile_arrives(project_root: Path) -> None:
    code = "with notices_withheld():\n    print('from python', file=sys.stderr)\n    sys.stderr.write('half a line')\n"
    assert run(code, project_root).stderr == "from python\nhalf a line"


def test_an_error_in_the_block_arrives_after_what_was_said_before_it(project_root: Path) -> None:
    code = (
        f"with notices_withheld():\n    os.write(2, {(NOTICES + TROUBLE).encode()!r})\n    raise SystemExit('over')\n"
    )
    ended = run(code, project_root)
    assert (ended.stderr, ended.returncode) == (TROUBLE + "over\n", 1)


def test_behind_the_block_the_descriptor_is_the_terminals_again(project_root: Path) -> None:
    code = f"with notices_withheld():\n    pass\nos.write(2, {NOTICES.encode()!r})\n"
    assert run(code, project_root).stderr == NOTICES


def test_no_descriptor_is_left_open(project_root: Path) -> None:
    code = (
        "before = os.listdir('/dev/fd')\nfor _ in range(3):\n    with notices_withheld():\n        pass\n"
        "print(len(os.listdir('/dev/fd')) - len(before))\n"
    )
    assert run(code, project_root).stdout == "0\n"
