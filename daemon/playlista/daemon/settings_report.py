"""The settings in force, for people: value, default, where it comes from, what it means.

Input: settings, and the sources of their values. Output: plain types. The meanings are the comments of playlista.conf.
A secret is never shown, only whether it is set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from importlib.resources import files
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

from playlista.config import Settings

#: What is shown in place of a secret.
HIDDEN = "set"


def report_settings(settings: Settings, sources: Mapping[str, str]) -> list[dict[str, Any]]:
    """One entry a setting, in the order of playlista.conf."""
    rules = {field.name.upper(): field for field in fields(Settings)}
    return [
        {
            "key": key,
            "value": _shown(getattr(settings, key.lower()), is_secret=rules[key].metadata["rule"].is_secret),
            "default": _shown(rules[key].default),
            "source": sources.get(key, "default"),
            "meaning": meaning,
        }
        for key, meaning in _meanings()
    ]


def _shown(value: Any, *, is_secret: bool = False) -> Any:
    if is_secret:
        return HIDDEN if value else ""
    if isinstance(value, tuple):
        return [_shown(one) for one in value]
    if isinstance(value, IPv4Network | IPv6Network):
        return str(value.network_address) if value.num_addresses == 1 else str(value)
    return str(value) if isinstance(value, Path) else value


def _meanings() -> Iterator[tuple[str, str]]:
    """Each key with the comment before it."""
    comment: list[str] = []
    for line in (files("playlista") / "playlista.conf").read_text("utf-8").splitlines():
        if line.startswith("# ") and not line.startswith("# ---"):
            comment.append(line[2:].strip())
            continue
        key, separator, _ = line.partition("=")
        if separator and not line.startswith("#"):
            yield key, " ".join(comment)
        comment = []
