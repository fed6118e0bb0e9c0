"""A real Prometheus that scrapes one daemon, for the time of a ``with``."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.checks.tools import locate

CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: playlista
    static_configs: [{{targets: ["{target}"]}}]
"""


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for(condition: Callable[[], object], what: str, seconds: float = 90) -> None:
    """Return as soon as `condition` holds; fail with `what` otherwise."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not come within {seconds} s"
        time.sleep(0.1)


class Prometheus:
    """The HTTP API of one server."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path: str, **parameters: str) -> Any:
        """Data of the answer to a GET."""
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=10) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Series that an instant query answers with."""
        result: list[dict[str, Any]] = self.get("query", query=expression)["result"]
        return result

    def is_up(self) -> bool:
        """Whether the target has been scraped with success."""
        try:
            return any(float(series["value"][1]) == 1 for series in self.query("up"))
        except OSError:
            return False


@contextmanager
def scraping(target: str, rules: Path, folder: Path) -> Iterator[Prometheus]:
    """Prometheus with `rules`, scraping `target` every second.

    Raises
    ------
    ToolMissing : there is no Prometheus here.
    """
    program = locate("prometheus")
    port = free_port()
    shutil.copy(rules, folder / rules.name)
    config = folder / "prometheus.yml"
    config.write_text(CONFIG.format(rules=rules.name, target=target), "utf-8")
    server = subprocess.Popen(
        [
            program,
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ],
        cwd=folder,
    )
    try:
        prometheus = Prometheus(port)
        wait_for(prometheus.is_up, "a scrape with success")
        yield prometheus
    finally:
        server.terminate()
        server.wait(30)
