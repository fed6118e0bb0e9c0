"""Settings: what they are (``settings``), and how their texts are read (``rules``)."""

from __future__ import annotations

from playlista.config.settings import (
    DEFAULT_LOCATIONS,
    Settings,
    Source,
    load_settings,
    parse_config,
    setting_sources,
    settings_from_process,
    sources_of_process,
)

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
