"""The row on the music itself: how tempo, keys, loudness, decades, energy, moods, formats and tags are spread."""

from __future__ import annotations

from grafana_foundation_sdk.builders import bargauge
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana import histograms
from deploy.grafana.panels import Query

#: The number of a key on the Camelot wheel: major and minor of one number stand together.
NUMBER_OF_KEY = "([0-9]+).*"
MOST_TAGS = 12


def _tracks(metric: str, label: str) -> Query:
    return Query(f"sum by ({label}) (playlista_library_{metric}_tracks{{@}})")


def tempo() -> bargauge.Panel:
    return histograms.columns(
        "Tempo (BPM)",
        "Tracks by tempo: 120 stands for 120 up to 130 BPM. The first and the last count what lies beyond them.",
        _tracks("tempo", "bpm"),
        "bpm",
        size=(10, 8),
    )


def keys() -> bargauge.Panel:
    return histograms.columns(
        "Keys (Camelot)",
        "Tracks by key on the Camelot wheel: A is minor, B is major, and neighbours mix well.",
        _tracks("key", "camelot"),
        "camelot",
        size=(14, 8),
        order=NUMBER_OF_KEY,
    )


def loudness() -> bargauge.Panel:
    return histograms.columns(
        "Loudness (LUFS)",
        "Tracks by integrated loudness: -14 stands for -14 up to -12 LUFS. The first and the last count what lies "
        "beyond them.",
        _tracks("loudness", "lufs"),
        "lufs",
        size=(12, 8),
    )


def decades() -> bargauge.Panel:
    # Grafana would shorten the number 1990 to "1.99 K".
    named = f'label_replace({_tracks("decade", "decade").expression}, "decade", "${{1}}s", "decade", "(.*)")'
    return histograms.columns(
        "Decades",
        "Tracks by the decade of the year in their tags.",
        Query(named),
        "decade",
        size=(12, 8),
        order="(.*)s",
    )


def top_tags() -> bargauge.Panel:
    return histograms.ranking(
        "Top tags",
        f"The {MOST_TAGS} most frequent MusiCNN tags: tracks with an activation of at least 0.3.",
        Query(f"topk({MOST_TAGS}, {_tracks('tag', 'tag').expression} > 0)"),
        size=(12, 10),
    )


def formats() -> bargauge.Panel:
    return histograms.ranking(
        "Formats",
        "Tracks by the audio format of their file.",
        Query(f"{_tracks('format', 'format').expression} > 0"),
        size=(12, 10),
    )


def energy() -> bargauge.Panel:
    return histograms.columns(
        "Energy",
        "Tracks by energy from 0 (calm) to 1 (intense): 0.4 stands for 0.4 up to 0.5.",
        _tracks("energy", "energy"),
        "energy",
        size=(12, 8),
    )


def moods() -> bargauge.Panel:
    return histograms.ranking(
        "Moods",
        "Tracks that have a mood: a value of at least 0.8. A track can have several.",
        Query(f"{_tracks('mood', 'mood').expression} > 0"),
        size=(12, 8),
    )


def library_row() -> list[Builder[models.Panel]]:
    """What the library holds."""
    return [tempo(), keys(), loudness(), decades(), energy(), moods(), top_tags(), formats()]
