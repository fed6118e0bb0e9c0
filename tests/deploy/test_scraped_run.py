"""A real Prometheus scrapes a real run: every panel and every rule finds its data, and the scrapes disturb nothing."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from mutagen.flac import FLAC
from prometheus_client.parser import text_string_to_metric_families

from deploy.checks.dashboard import load_dashboard, queries
from deploy.checks.rules import OURS, RULES, load_rules
from deploy.checks.tools import PROJECT, locate
from deploy.grafana.picture import DrawingError, Source, are_packages_installed, check_tools, draw
from tests.deploy.conftest import skip_module_without
from tests.deploy.prometheus import Prometheus, scraping, wait_for
from tests.integration.daemon import Daemon
from tests.signals import song, write

skip_module_without("prometheus", "promtool")
pytestmark = pytest.mark.slow

TRACKS = 3
#: Bounded by the labels, whatever the library holds: 24 keys, 50 tags, moods, findings, formats, ranges of values.
MAX_SERIES = 450
MAX_SCRAPE_SECONDS = 0.1


@dataclass(frozen=True)
class Run:
    """What was seen of one run over tracks that are good and one that is not."""

    daemon: Daemon
    prometheus: Prometheus
    scrape_seconds: list[float]


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("scraped")
    daemon = Daemon(folder, {"PATH": os.environ["PATH"]}, MUSICNN_RUNTIME="off", MAX_ATTEMPTS="1")
    try:
        daemon.start()
        with scraping(f"127.0.0.1:{daemon.port}", PROJECT / RULES, folder) as prometheus:
            yield Run(daemon, prometheus, _work(daemon, prometheus))
    finally:
        daemon.close()


def _work(daemon: Daemon, prometheus: Prometheus) -> list[float]:
    """Let it analyze tracks, scraping besides Prometheus while it does; the seconds of each scrape."""
    music = song(seconds=240)
    for number in range(TRACKS):
        made = write(daemon.music.parent / f"{number}.flac", music)
        tags = FLAC(made)
        tags["date"] = "1997"
        tags.save()
        made.rename(daemon.music / made.name)
    (daemon.music / "broken.flac").write_bytes(b"fLaC" + bytes(4000))
    taken = []
    daemon.wait_for(lambda: daemon.metric("playlista_tracks_in_flight"), "a track in flight")
    while _unfinished(daemon):
        begun = time.perf_counter()
        status, _ = daemon.get("/metrics")
        taken.append(time.perf_counter() - begun)
        assert status == 200
        time.sleep(0.02)
    # Two scrapes later the last counts are in; a rule more, and what is recorded from them.
    wait_for(lambda: prometheus.query("instance:playlista_tracks_failed:ratio1h"), "the recorded series")
    return taken


def _unfinished(daemon: Daemon) -> bool:
    page = daemon.get("/metrics")[1].decode()
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    good = samples["playlista_library_tracks", "analyzed"]
    bad = samples["playlista_library_tracks", "failed"] + samples["playlista_library_tracks", "quarantined"]
    return good < TRACKS or bad < 1


def test_every_panel_shows_data(scraped: Run) -> None:
    panels = {
        (title, expression): [float(series["value"][1]) for series in scraped.prometheus.query(expression)]
        for title, expression in queries(load_dashboard(PROJECT))
    }
    empty = {title for (title, _), values in panels.items() if not values}
    without_cluster = {"Tracks at workers", "Tracks per hour by worker"}
    assert empty == {"Top tags", "Moods", *without_cluster}, (
        "none without MusiCNN and workers, and none else may be empty"
    )
    assert [panel for panel, values in panels.items() if not np.isfinite(values).all()] == []


def test_every_rule_is_evaluated_without_an_error(scraped: Run) -> None:
    groups = scraped.prometheus.get("rules")["groups"]
    rules = {rule["name"]: (rule["health"], rule.get("lastError", "")) for group in groups for rule in group["rules"]}
    assert rules == dict.fromkeys((rule.get("alert") or rule["record"] for rule in load_rules(PROJECT)), ("ok", ""))


def test_every_series_that_a_rule_reads_is_there(scraped: Run) -> None:
    read = {
        name
        for rule in load_rules(PROJECT)
        for name in OURS.findall(rule["expr"]) or [rule["expr"].split("{")[0].rsplit("(")[-1]]
    }
    assert [name for name in sorted(read) if not scraped.prometheus.query(name)] == []


def test_a_good_run_raises_no_critical_alert(scraped: Run) -> None:
    active = scraped.prometheus.get("alerts")["alerts"]
    assert [alert for alert in active if alert["labels"]["severity"] == "critical"] == []


def test_promtool_has_nothing_to_say_about_the_page(scraped: Run) -> None:
    page = scraped.daemon.get("/metrics")[1]
    checked = subprocess.run([locate("promtool"), "check", "metrics"], input=page, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_there_are_few_series(scraped: Run) -> None:
    assert (
        int(scraped.prometheus.query('count({job="playlista", __name__=~"playlista_.+|process_.+"})')[0]["value"][1])
        < MAX_SERIES
    )
    everything = scraped.prometheus.query("scrape_samples_scraped")[0]["value"][1]
    assert int(everything) < MAX_SERIES


def test_a_scrape_during_analysis_is_quick(scraped: Run) -> None:
    """Wall time, since that is what a scraper waits for: 99 of 100 scrapes while the main thread analyzes."""
    if os.getloadavg()[0] > (os.cpu_count() or 1) + 1:
        pytest.skip("the machine does something else: its load says that wall time would measure that")
    assert len(scraped.scrape_seconds) >= 20, "the run was too short to tell"
    assert np.percentile(scraped.scrape_seconds, 99) < MAX_SCRAPE_SECONDS


def test_the_dashboard_can_be_drawn_from_what_was_scraped(scraped: Run, tmp_path: Path) -> None:
    try:
        check_tools()
    except DrawingError as missing:
        pytest.skip(str(missing))
    if not are_packages_installed():
        pytest.skip("Grafana's packages are not installed; `make docs-dashboard` does it")
    now = time.time()
    empty = draw(Source(scraped.prometheus.url, now - 60, now), tmp_path / "dashboard.png")
    assert empty == ["Top tags"], "there are none without MusiCNN"
    assert (tmp_path / "dashboard.png").read_bytes().startswith(b"\x89PNG")
