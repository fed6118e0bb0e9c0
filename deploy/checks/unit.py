"""The systemd unit."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from deploy.checks.tools import run

UNIT = Path("deploy/systemd/playlista.service")

#: systemd's own measure of what a service could do, 0 to 10; what is left are its network sockets and its state.
MAX_EXPOSURE = 1.5


def valid(root: Path) -> list[str]:
    """`systemd-analyze verify` has nothing to say; the command stands in for one that is not installed here."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, UNIT.name)
        text = (root / UNIT).read_text("utf-8")
        copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE), "utf-8")
        outcome = run("systemd-analyze", "verify", copy)
    return [line for line in outcome.output.splitlines() if UNIT.name in line] or outcome.problems()


def hardened(root: Path) -> list[str]:
    """`systemd-analyze security` gives at most `MAX_EXPOSURE`."""
    command = ("systemd-analyze", "security", "--offline=yes", f"--threshold={MAX_EXPOSURE * 10:g}", "--no-pager")
    outcome = run(*command, root / UNIT)
    return [line.strip() for line in outcome.output.splitlines() if "exposure" in line] if outcome.code else []


def limited(root: Path) -> list[str]:
    """It has a hard memory limit, no swap, and a stop that ends before systemd kills."""
    settings = dict(re.findall(r"^(\w+)=(.*)$", (root / UNIT).read_text("utf-8"), re.MULTILINE))
    wanted = {"MemoryMax": r"\d+[KMG]", "MemorySwapMax": "0", "TimeoutStopSec": r"\d+", "DynamicUser": "yes"}
    return [
        f"{UNIT}: {key} is {settings.get(key, 'absent')}"
        for key, pattern in wanted.items()
        if not re.fullmatch(pattern, settings.get(key, ""))
    ]
