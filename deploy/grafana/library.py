"""The dashboard's row on the music itself: how tempo, keys, loudness, decades, formats and tags are spread."""

from __future__ import annotations

from grafana_foundation_sdk.builders import bargauge
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana import panels
from deploy.grafana.panels import Query


def _spread(title: str, description: str, metric: str, label: str) -> bargauge.Panel:
    expression = f"sum by ({label}) (playlista_library_{metric}_tracks{{@}}) > 0"
    return panels.bars(title, description, Query(expression, f"{{{{{label}}}}}"), unit="short", size=(8, 10))


def library_row() -> list[Builder[models.Panel]]:
    """What the library holds."""
    return [
        _spread("Tempo", "Tracks by tempo in BPM, in ranges of 10 by their lower end.", "tempo", "bpm"),
        _spread("Keys", "Tracks by key, as on the Camelot wheel.", "key", "camelot"),
        _spread("Loudness", "Tracks by loudness in LUFS, in ranges of 2 by their lower end.", "loudness", "lufs"),
        _spread("Decades", "Tracks by the decade of the year in their tags.", "decade", "decade"),
        _spread("Formats", "Tracks by the format of their file.", "format", "format"),
        _spread("Tags", "Tracks by MusiCNN tag, from an activation of 0.3 on.", "tag", "tag"),
    ]
