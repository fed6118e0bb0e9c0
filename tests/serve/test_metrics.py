"""The page of /metrics: what can be read is there, what cannot is left out and said, counters mean what they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from playlista.errors import FailureReason, StoreError
from playlista.library.search import Named
from playlista.library.statistics import Statistics
from playlista.memory.budget import CapReason
from playlista.serve.library_metrics import LibraryReading
from playlista.serve.metrics import Metrics
from playlista.serve.scrape import DiskReading, Gauges, MemoryReading, QueueReading, WatchReading
from playlista.tracks import Status
from playlista.tracks.mood import MOODS
from tests.libraries import analysis_of

NOTHING = Statistics(
    0,
    0.0,
    0,
    0,
    bpm={},
    loudness={},
    camelot={},
    years={},
    formats={},
    energy={},
    voice={},
    moods=dict.fromkeys(MOODS, 0),
    tags=[],
)
ALL = Gauges(
    queue=lambda: QueueReading({"queued": 2}, None, dict.fromkeys(Status, 0), 0),
    memory=lambda: MemoryReading(1, 2, 3, 4, 5, 6),
    watch=lambda: WatchReading("inotify", 0, {}),
    disk=lambda: DiskReading(7, 8),
    library=lambda: LibraryReading(NOTHING, 3, 4, 5),
)
SERIES_OF = {
    "queue": "playlista_queue_depth",
    "memory": "playlista_resident_memory_bytes",
    "watch": "playlista_watch_overflows_total",
    "disk": "playlista_data_free_bytes",
    "library": "playlista_tags_due_tracks",
}


def samples(metrics: Metrics) -> dict[tuple[str, str], float]:
    """Values by name and the one label that most of our series have."""
    families = text_string_to_metric_families(metrics.page().decode())
    return {
        (one.name, ",".join(one.labels.values())): one.value
        for family in families
        for one in family.samples
        if one.name.startswith("playlista_")
    }


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(version="0", cap_reasons=CapReason)


@pytest.mark.parametrize("part", SERIES_OF)
@pytest.mark.parametrize("error", [StoreError("locked"), OSError(5, "Input/output error")])
def test_a_part_that_cannot_be_read_is_left_out_and_said_and_the_others_are_there(
    metrics: Metrics, part: str, error: Exception
) -> None:
    def fails() -> Any:
        raise error

    readings: dict[str, Callable[[], Any]] = {part: fails}
    metrics.read_from(replace(ALL, **readings))
    page = samples(metrics)
    names = {name for name, _ in page}
    assert SERIES_OF[part] not in names
    assert {series for name, series in SERIES_OF.items() if name != part} <= names
    assert {name: page["playlista_scrape_collector_success", name] for name in SERIES_OF} == {
        name: float(name != part) for name in SERIES_OF
    }


def test_the_page_is_there_before_the_runtime_and_the_library_are_known(metrics: Metrics) -> None:
    page = samples(metrics)
    assert page["playlista_tracks_in_flight", ""] == 0
    assert "playlista_build_info" not in {name for name, _ in page}
    metrics.runtime_chosen("off", "native")
    assert samples(metrics)["playlista_build_info", "native,off,0"] == 1


def test_a_kept_result_is_counted_as_kept_and_as_nothing_else(metrics: Metrics) -> None:
    metrics.track_completed(analysis_of("a.flac"), now=5.0)
    before = samples(metrics)
    metrics.track_kept()
    after = samples(metrics)
    assert {
        key: after[key] - before[key] for key in after if after[key] != before[key] and "created" not in key[0]
    } == {("playlista_tracks_kept_total", ""): 1.0}


@pytest.mark.parametrize("quarantined", [False, True])
def test_a_crash_of_the_former_process_is_counted_and_its_quarantine_too(metrics: Metrics, quarantined: bool) -> None:
    metrics.track_crashed(quarantined=quarantined)
    page = samples(metrics)
    assert page["playlista_track_failures_total", FailureReason.CRASHED] == 1
    assert page["playlista_tracks_completed_total", Status.QUARANTINED] == float(quarantined)


def test_the_gauges_of_the_library_have_the_same_label_values_whatever_files_say(metrics: Metrics) -> None:
    odd = Statistics(
        9, 1.0, 2, 3,
        bpm={0: 1, 120: 2, 990: 3},
        loudness={-200: 1, -14: 2, 40: 3},
        camelot={"8A": 4},
        years={1000: 1, 1994: 2, 1999: 3, 2199: 4},
        formats={"FLAC": 1, **{f"made up {number}": 1 for number in range(500)}},
        energy={0: 1, 9: 2},
        voice={5: 3},
        moods=dict.fromkeys(MOODS, 0) | {"calm": 6},
        tags=[Named("jazz", 5)],
    )  # fmt: skip
    values: list[dict[tuple[str, str], float]] = []
    for statistics in (odd, NOTHING):
        fresh = Metrics(version="0", cap_reasons=CapReason)
        fresh.read_from(replace(ALL, library=lambda found=statistics: LibraryReading(found, 7, 8, 2)))
        values.append(samples(fresh))
    without_tags = {key for key in values[0] if key[0] != "playlista_library_tag_tracks"}
    assert without_tags == set(values[1])
    assert values[0]["playlista_library_tempo_tracks", "60"] == 1
    assert values[0]["playlista_library_tempo_tracks", "200"] == 3
    assert values[0]["playlista_library_loudness_tracks", "-14"] == 2
    assert values[0]["playlista_library_loudness_tracks", "-2"] == 3
    assert values[0]["playlista_library_decade_tracks", "1990"] == 5
    assert values[0]["playlista_library_format_tracks", "other"] == 500
    assert values[0]["playlista_library_key_tracks", "8A"] == 4
    assert values[0]["playlista_library_tag_tracks", "jazz"] == 5
    assert values[0]["playlista_library_energy_tracks", "0.9"] == 2
    assert values[0]["playlista_library_voice_tracks", "0.5"] == 3
    assert values[0]["playlista_library_mood_tracks", "calm"] == 6
    assert values[0]["playlista_tags_due_tracks", ""] == 7
    assert values[0]["playlista_moods_due_tracks", ""] == 8
