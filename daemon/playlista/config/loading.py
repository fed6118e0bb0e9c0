"""Reads the settings: ``playlista.conf`` < environment < command-line flags.

Input: the text of a file, a mapping of environment variables, a mapping of flags. Output: ``Settings``, or a
``ConfigError`` whose one line names where the value stands, the key and what is allowed. Standard library only, as
``settings``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from playlista.config.rules import Rule
from playlista.config.settings import Settings
from playlista.errors import ConfigError

#: Where the file is looked for when ``--config`` and ``PLAYLISTA_CONFIG`` do not name one.
DEFAULT_LOCATIONS = (Path("playlista.conf"), Path("/etc/playlista/playlista.conf"))
#: Characters of a wrong value that are repeated.
_LONGEST_SHOWN = 100

_RULES: dict[str, Rule] = {entry.name.upper(): entry.metadata["rule"] for entry in fields(Settings)}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a raw value was written, for the error line: a file and line, the environment, or a flag."""

    place: str
    text: str


def load_settings(
    config: Path | None, *, environment: Mapping[str, str], flags: Mapping[str, str | None] | None = None
) -> Settings:
    """Read the settings of this process.

    Parameters
    ----------
    config : the file that ``--config`` named; None looks at ``PLAYLISTA_CONFIG`` and the default locations.
    environment : normally ``os.environ``. An empty variable counts as unset.
    flags : values given on the command line by key; None counts as not given.

    Raises
    ------
    ConfigError : unknown key, wrong type, out of range, or a named file that cannot be read.
    """
    values = _values(config, environment, flags or {})
    settings = Settings(**{key.lower(): _read(key, source) for key, source in values.items()})
    _check_media_server(settings)
    return settings


def _check_media_server(settings: Settings) -> None:
    needed = {"subsonic": ("url", "user", "password"), "jellyfin": ("url", "password"), "lyrion": ("url",)}
    for name in needed.get(settings.media_server, ()):
        if not getattr(settings, f"media_server_{name}"):
            wanted = f"MEDIA_SERVER_{name.upper()}"
            raise ConfigError(f"MEDIA_SERVER={settings.media_server} needs {wanted}; set it, or MEDIA_SERVER=none")


def setting_sources(
    config: Path | None, *, environment: Mapping[str, str], flags: Mapping[str, str | None] | None = None
) -> dict[str, str]:
    """Where `load_settings` takes each value from: "file", "environment" or "flag"; what has its default is missing."""
    places = {"environment": "environment", "command line": "flag"}
    found = _values(config, environment, flags or {})
    return {key: places.get(source.place, "file") for key, source in found.items()}


def _values(config: Path | None, environment: Mapping[str, str], flags: Mapping[str, str | None]) -> dict[str, Source]:
    values = _file_values(_config_file(config, environment))
    for key in _RULES:
        if environment.get(key):
            values[key] = Source("environment", environment[key])
    for key, written in flags.items():
        if written is not None:
            values[key] = Source("command line", written)
    return values


def _config_file(config: Path | None, environment: Mapping[str, str]) -> Path | None:
    if config is None and environment.get("PLAYLISTA_CONFIG"):
        config = Path(environment["PLAYLISTA_CONFIG"])
    if config is not None:
        return config
    return next((place for place in DEFAULT_LOCATIONS if place.is_file()), None)


def _file_values(path: Path | None) -> dict[str, Source]:
    if path is None:
        return {}
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows editors write a byte order mark
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise ConfigError(f"{path}: cannot be read ({reason}); name another file with --config") from error
    return parse_config(text, str(path))


def parse_config(text: str, name: str) -> dict[str, Source]:
    """The KEY=value lines of `text`; comments stand on lines of their own or after `` #``.

    Raises
    ------
    ConfigError : a line that is no KEY=value, an unknown key, or a key that is set twice.
    """
    values: dict[str, Source] = {}
    for line_number, line in enumerate(text.splitlines(), 1):
        body = line.strip()
        if not body or body.startswith("#"):
            continue
        place = f"{name}:{line_number}"
        key, separator, value = body.partition("=")
        key = key.strip()
        if not separator:
            # The line is not repeated: it may be a secret, as in "AUTH_TOKEN: …" or where a token went onto a new line.
            raise ConfigError(f"{place}: is not a KEY=value line; comments begin with #")
        if key not in _RULES:
            raise ConfigError(f"{place}: unknown key {key}{_suggestion(key)}")
        if key in values:
            raise ConfigError(f"{place}: {key} is set twice, first at {values[key].place}; keep one")
        try:
            values[key] = Source(place, _unquoted(value))
        except ValueError as error:
            shown = key if _RULES[key].is_secret else value.strip()
            raise ConfigError(f"{place}: {shown} {error}") from error
    return values


def _unquoted(value: str) -> str:
    """`value` without the comment behind it; in quotes of either kind everything belongs to it, also `` #``."""
    quote = value.lstrip()[:1]
    if quote not in {"'", '"'}:
        return value.split(" #", 1)[0].strip()
    text, closed, rest = value.lstrip()[1:].partition(quote)
    if not closed or rest.split(" #", 1)[0].strip():
        raise ValueError(f"has no closing {quote}; only a # comment may follow it")
    return text


def _suggestion(key: str) -> str:
    close = get_close_matches(key.upper(), _RULES, n=1)
    return f"; did you mean {close[0]}?" if close else "; playlista.conf in the project lists them all"


def _read(key: str, source: Source) -> Any:
    rule = _RULES[key]
    try:
        return rule.parse(source.text)
    except (ValueError, KeyError, OverflowError, RuntimeError) as error:
        shown = "…" if rule.is_secret else repr(_shortened(source.text))
        raise ConfigError(f"{source.place}: {key}={shown} is not allowed; it takes {rule.allowed}") from error


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def settings_from_process(config: Path | None = None, flags: Mapping[str, str | None] | None = None) -> Settings:
    """`load_settings` with this process's environment: the one place where it is read."""
    return load_settings(config, environment=os.environ, flags=flags)


def sources_of_process(config: Path | None = None, flags: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """`setting_sources` with this process's environment."""
    return setting_sources(config, environment=os.environ, flags=flags)
