"""Settings: what they are (``settings``), where their texts come from (``loading``), how these are read (``rules``)."""

from __future__ import annotations

from playlista.config.loading import (
    DEFAULT_LOCATIONS,
    Source,
    load_settings,
    parse_config,
    setting_sources,
    settings_from_process,
    sources_of_process,
)
from playlista.config.settings import Settings

__all__ = [
    "DEFAULT_LOCATIONS",
    "Settings",
    "Source",
    "load_settings",
    "parse_config",
    "setting_sources",
    "settings_from_process",
    "sources_of_process",
]
