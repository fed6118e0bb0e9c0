"""Draw the dashboard as a picture from the answers of a live Prometheus, with Grafana's own components.

Input: ``playlista.json``, and what Prometheus answers to each of its queries. Output: a PNG. The components are
Grafana's npm packages (see ``drawing/``) in a headless Chromium; Grafana's server is not needed. Node, npm and
Chromium are.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

DASHBOARD = Path(__file__).with_name("playlista.json")
DRAWING = Path(__file__).with_name("drawing")
#: Where the npm packages and the bundle go.
BUILD = Path(__file__).resolve().parents[2] / "build" / "dashboard"
LOCK = "package-lock.json"

POINTS = 240
WIDTH_PIXELS, ROW_PIXELS, GAP_PIXELS = 1480, 38, 8
COLOURS = 128
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TIMEOUT_SECONDS = 600

INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
BUNDLE = (
    "node_modules/.bin/esbuild", "main.jsx", "--bundle", "--minify", "--jsx=automatic", "--outfile=main.js",
    '--define:process.env.NODE_ENV="production"', "--loader:.woff=dataurl", "--loader:.woff2=dataurl",
    "--loader:.ttf=dataurl", "--log-level=error",
)  # fmt: skip
#: Headless, and silent on the network. Without a sandbox, since root has none.
BROWSE = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
    "--allow-file-access-from-files", "--virtual-time-budget=20000", "--enable-logging=stderr",
)  # fmt: skip


class DrawingError(Exception):
    """The picture cannot be drawn: what is missing or which panel failed."""


@dataclass(frozen=True, slots=True)
class Source:
    """A Prometheus, and the span of time that is shown, in Unix seconds."""

    url: str
    start: float
    end: float

    def answers(self, board: dict[str, Any]) -> dict[str, Any]:
        """Every panel of `board` with what Prometheus answers to its queries, as ``drawing/main.jsx`` reads it."""
        panels = [
            {
                "panel": panel,
                "answers": [{"target": target, "series": self._ask(target)} for target in panel.get("targets", [])],
            }
            for panel in board["panels"]
        ]
        size = {"width": WIDTH_PIXELS, "rows": _rows(board)}
        return {"from": self.start, "to": self.end, "panels": panels, **size}

    def _ask(self, target: dict[str, Any]) -> list[dict[str, Any]]:
        """Series of one query: labels, and pairs of Unix seconds and text."""
        expression = target["expr"]
        span = f"{self.end - self.start:.0f}s"
        variables = {"$job": ".*", "$instance": ".*", "$__rate_interval": "1m", "$__range": span}
        for variable, value in variables.items():
            expression = expression.replace(variable, value)
        if target.get("instant"):
            found = self._get("query", query=expression, time=f"{self.end}")
            return [{"metric": one["metric"], "values": [one["value"]]} for one in found]
        step = max(1.0, (self.end - self.start) / POINTS)
        return self._get("query_range", query=expression, start=f"{self.start}", end=f"{self.end}", step=f"{step}")

    def _get(self, path: str, **parameters: str) -> list[dict[str, Any]]:
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310
                found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        except OSError as error:
            raise DrawingError(f"Prometheus does not answer {parameters['query']}: {error}") from error
        return found


def _rows(board: dict[str, Any]) -> int:
    return max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])


def check_tools() -> None:
    """Return when all programs are here.

    Raises
    ------
    DrawingError : one is not; the text says how to get it.
    """
    if browser() is None:
        raise DrawingError("Chromium is not installed (Debian: chromium)")
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise DrawingError("Node is not installed (Debian: nodejs npm)")


def browser() -> str | None:
    """The path of a Chromium."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def draw(source: Source, target: Path) -> list[str]:
    """Draw the whole dashboard into `target`; the titles of the panels that show nothing.

    Raises
    ------
    DrawingError : something is not installed, or a panel could not be drawn.
    """
    prepare()
    board = json.loads(DASHBOARD.read_text("utf-8"))
    (BUILD / "answers.json").write_text(json.dumps(source.answers(board)), "utf-8")
    _run(BUNDLE)
    console = _photograph(target, _rows(board) * ROW_PIXELS + GAP_PIXELS)
    _shrink(target)
    return empty_panels(console)


def are_packages_installed() -> bool:
    """Whether `BUILD` holds the packages of the lock as it is now: npm writes a lock of its own when it is done."""
    lock, done = BUILD / LOCK, BUILD / "node_modules" / ".package-lock.json"
    return done.is_file() and lock.is_file() and lock.read_bytes() == (DRAWING / LOCK).read_bytes()


def prepare() -> None:
    """Put sources and packages into `BUILD`; packages are fetched only when the lock has changed.

    Raises
    ------
    DrawingError : a program is missing, or npm could not fetch the packages.
    """
    check_tools()
    installed = are_packages_installed()
    shutil.copytree(DRAWING, BUILD, dirs_exist_ok=True)
    if not installed:
        _run(INSTALL)


def _photograph(target: Path, height: int) -> str:
    """Write a picture of the whole page; what the page wrote into its console."""
    with tempfile.TemporaryDirectory(prefix="playlista-dashboard-") as profile:
        place = (f"--user-data-dir={profile}", f"--window-size={WIDTH_PIXELS},{height}", f"--screenshot={target}")
        return _run((str(browser()), *BROWSE, *place, (BUILD / "index.html").as_uri()))


def _run(command: tuple[str, ...]) -> str:
    """Run `command` in `BUILD`; what it wrote to its error stream."""
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            command, cwd=BUILD, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False, errors="replace"
        )
    except subprocess.TimeoutExpired as error:
        raise DrawingError(f"{name} did not end within {TIMEOUT_SECONDS} s") from error
    if done.returncode:
        raise DrawingError(f"{name} failed: {done.stderr[-2000:]}")
    return done.stderr


def empty_panels(console: str) -> list[str]:
    """Titles of panels that show nothing, from the line that the page writes when it is done."""
    if failed := re.findall(r"dashboard: (?!drawn)[^\n]*", console):
        raise DrawingError("; ".join(failed))
    drawn = re.search(r"dashboard: drawn (\{.*\})", console)
    if drawn is None:
        raise DrawingError(f"the page was not drawn: {console[-2000:]}")
    titles: list[str] = json.loads(drawn[1])["empty"]
    return titles


def _shrink(target: Path) -> None:
    """Flat colours need few of them: a third of the bytes."""
    with Image.open(target) as picture:
        picture.convert("RGB").quantize(COLOURS).save(target, optimize=True)
