"""A place behind a cable of our own: a network namespace whose link can be cut and slowed down. Needs root, ``ip``."""

from __future__ import annotations

import os
import shutil
import subprocess

#: Of TEST-NET-like benchmarking addresses (RFC 2544), which no network uses.
NEAR, FAR = "198.18.77.1", "198.18.77.2"


def why_not() -> str | None:
    """Why there can be no such place here."""
    if os.geteuid() != 0:
        return "needs root"
    return None if shutil.which("ip") else "needs the program ip"


class FarPlace:
    """A namespace and the cable to it."""

    def __init__(self) -> None:
        self._name = f"plst{os.getpid()}"
        self._link = f"plc{os.getpid()}"[:14]
        _ip("netns", "add", self._name)
        _ip("link", "add", self._link, "type", "veth", "peer", "name", f"{self._link}f")
        _ip("link", "set", f"{self._link}f", "netns", self._name)
        _ip("addr", "add", f"{NEAR}/30", "dev", self._link)
        _ip("link", "set", self._link, "up")
        _ip("-n", self._name, "addr", "add", f"{FAR}/30", "dev", f"{self._link}f")
        _ip("-n", self._name, "link", "set", f"{self._link}f", "up")
        _ip("-n", self._name, "link", "set", "lo", "up")

    def through(self, *command: str) -> list[str]:
        """`command`, so that it runs there."""
        return ["ip", "netns", "exec", self._name, *command]

    def cut(self) -> None:
        """No packet goes through."""
        _ip("link", "set", self._link, "down")

    def mend(self) -> None:
        """As before."""
        _ip("link", "set", self._link, "up")
        subprocess.run(["tc", "qdisc", "del", "dev", self._link, "root"], check=False, capture_output=True)

    def slow_down(self, milliseconds: int) -> bool:
        """Every packet takes longer; False where the kernel has no netem."""
        command = ["tc", "qdisc", "add", "dev", self._link, "root", "netem", "delay", f"{milliseconds}ms"]
        try:
            return subprocess.run(command, check=False, capture_output=True).returncode == 0
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Take it down."""
        subprocess.run(["ip", "link", "del", self._link], check=False, capture_output=True)
        subprocess.run(["ip", "netns", "del", self._name], check=False, capture_output=True)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
