"""Playlists that keep themselves: the rules in force, and their files brought up to date.

Input: settings, a library, ``playlists.toml``. Output: files in PLAYLIST_DIR, and what became of each. A playlist that
cannot be made leaves its file as it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from playlista.config import Settings
from playlista.errors import PlaylistaError
from playlista.outputs.playlists.choice import PlaylistChoice
from playlista.outputs.playlists.defaults import with_defaults
from playlista.outputs.playlists.folder import MARK, PlaylistFolder, file_name
from playlista.outputs.playlists.m3u import PathStyle, named_m3u
from playlista.outputs.playlists.navidrome import smart_playlist
from playlista.outputs.playlists.rule_file import FILE_NAME, parse_rules
from playlista.outputs.playlists.rules import PlaylistRule, RuleError, RuleFile

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KeptPlaylist:
    """What became of one playlist.

    file : the name of its file.
    tracks : how many it has; None where that is Navidrome's to say, or where it could not be made.
    trouble : why it could not be made or written, in one line; None when all is well.
    """

    name: str
    file: str
    tracks: int | None
    trouble: str | None


class KeptPlaylists:
    """The playlists of one library."""

    def __init__(self, settings: Settings, choice: PlaylistChoice) -> None:
        self._settings = settings
        self._choice = choice

    def keep(self) -> list[KeptPlaylist]:
        """Bring all files in PLAYLIST_DIR up to date.

        Raises
        ------
        RuleError : the file of rules cannot be used; every playlist stays as it is.
        PlaylistaError : the folder cannot be used.
        """
        if self._settings.playlist_dir is None:
            return []
        rules = rules_in_force(self._settings)
        folder = PlaylistFolder(os.path.abspath(self._settings.playlist_dir))
        folder.prepare()
        style = PathStyle.seen_from(
            folder.path, os.path.abspath(self._settings.music_dir), self._settings.playlist_path
        )
        kept = [self._kept(rule, folder, style) for rule in rules]
        for name in folder.remove_others({one.file for one in kept}):
            log.info("playlist.removed", file=name, why="no rule makes it any more")
        return kept

    def _kept(self, rule: PlaylistRule, folder: PlaylistFolder, style: PathStyle) -> KeptPlaylist:
        file = file_name(rule.name, rule.file_kind)
        try:
            count, content = self._content(rule, style)
            if folder.write(file, content):
                log.info("playlist.written", playlist=rule.name, file=file, tracks=count)
        except PlaylistaError as error:
            return KeptPlaylist(rule.name, file, None, str(error))
        return KeptPlaylist(rule.name, file, count, None)

    def _content(self, rule: PlaylistRule, style: PathStyle) -> tuple[int | None, bytes]:
        if rule.file_kind == "nsp":
            return None, smart_playlist(rule, mark=MARK)
        tracks = self._choice.tracks(rule)
        return len(tracks), named_m3u(rule.name, tracks, style, mark=MARK)


def rules_in_force(settings: Settings) -> tuple[PlaylistRule, ...]:
    """The rules of the file, if there is one, and those that are there without it.

    Raises
    ------
    RuleError : the file cannot be read or used, or two playlists would have one file.
    """
    path = rule_file(settings)
    file = RuleFile(()) if path is None else parse_rules(_read(path), path)
    rules = with_defaults(file)
    _refuse_one_file_for_two(rules, path or FILE_NAME)
    return rules


def rule_named(name: str, settings: Settings) -> PlaylistRule:
    """The rule of a playlist.

    Raises
    ------
    RuleError : there is none of this name, or the file cannot be used.
    """
    rules = {rule.name: rule for rule in rules_in_force(settings)}
    if name not in rules:
        raise RuleError(f"no playlist is called {name!r}; there are: {', '.join(map(repr, rules))}")
    return rules[name]


def rule_file(settings: Settings) -> str | None:
    """The file of rules: in PLAYLIST_DIR, else in DATA_DIR; None where there is none."""
    places = [one for one in (settings.playlist_dir, settings.data_dir) if one is not None]
    return next((path for one in places if os.path.exists(path := os.path.join(one, FILE_NAME))), None)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise RuleError(f"{path}: cannot be read ({reason}); give it read rights and save it as UTF-8") from error


def _refuse_one_file_for_two(rules: Iterable[PlaylistRule], path: str) -> None:
    """Raise RuleError where names differ only in what a file name cannot have, or in capitals (SMB, macOS)."""
    by_file: dict[str, str] = {}
    for rule in rules:
        file = file_name(rule.name, rule.file_kind)
        if (other := by_file.setdefault(file.casefold(), rule.name)) != rule.name:
            raise RuleError(f"{path}: {other!r} and {rule.name!r} would both be the file {file}; rename one of them")
