"""What the API shows of playlists: those that keep themselves, and the tracks that one of them has now.

Input: the keeper, and a connection for reading. Output: plain types, or an error of the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playlista.config import Settings
from playlista.daemon.playlist_keeper import PlaylistKeeper
from playlista.daemon.similar_views import INDEX_SECONDS
from playlista.errors import PlaylistaError, StoreError
from playlista.library.database import Database
from playlista.outputs.playlists.choice import PlaylistChoice
from playlista.outputs.playlists.kept import rule_named, rules_in_force
from playlista.outputs.playlists.rule_file import parse_rule, parse_rules
from playlista.outputs.playlists.rules import PlaylistRule, RuleError
from playlista.outputs.similarity.engine import NotReadyError as IndexNotReadyError
from playlista.outputs.similarity.engine import Similarity
from playlista.serve.errors import NotFoundError, NotReadyError
from playlista.serve.parameters import BadRequestError

#: The name of a playlist that has only keys.
PREVIEWED = "preview"


class PlaylistViews:
    """Answers about the playlists of one library."""

    def __init__(self, settings: Settings, reader: Database, similarity: Similarity, keeper: PlaylistKeeper) -> None:
        self._settings = settings
        self._similarity = similarity
        self._keeper = keeper
        self._choice = PlaylistChoice(reader, self._engine)

    def playlists(self) -> dict[str, Any]:
        """All playlists with what became of them; only their names before the first time, and while none are kept."""
        folder = self._settings.playlist_dir
        kept = {one.name: one for one in self._keeper.kept}
        try:
            rules, trouble = rules_in_force(self._settings), self._keeper.trouble
        except RuleError as error:
            rules, trouble = (), str(error)
        found = [
            {"name": rule.name, "file": None, "tracks": None, "error": None}
            if (one := kept.get(rule.name)) is None
            else {"name": one.name, "file": one.file, "tracks": one.tracks, "error": one.trouble}
            for rule in rules
        ]
        return {"folder": None if folder is None else str(folder), "error": trouble, "playlists": found}

    def preview(self, name: str) -> dict[str, Any]:
        """The tracks that a playlist has now, whether it is kept or not."""
        try:
            rule = rule_named(name, self._settings)
        except RuleError as error:
            raise NotFoundError(str(error)) from error
        return self._chosen(rule)

    def preview_rule(self, text: str | Mapping[str, object]) -> dict[str, Any]:
        """The tracks that a rule would choose: the text of a file with one playlist, or the keys of one.

        Raises
        ------
        BadRequestError : it is no rule.
        """
        try:
            rules = parse_rules(text, "toml").rules if isinstance(text, str) else (parse_rule(PREVIEWED, text),)
        except RuleError as error:
            raise BadRequestError(str(error)) from error
        if len(rules) != 1:
            raise BadRequestError("toml is the text of one playlist, as it stands in playlists.toml")
        return self._chosen(rules[0])

    def _chosen(self, rule: PlaylistRule) -> dict[str, Any]:
        try:
            tracks = self._choice.tracks(rule)
        except IndexNotReadyError as error:
            raise NotReadyError(str(error)) from error
        except StoreError:
            raise
        except PlaylistaError as error:
            raise NotFoundError(str(error)) from error
        return {"name": rule.name, "tracks": [one.to_json() for one in tracks]}

    def _engine(self) -> Similarity:
        self._similarity.make_in_background(seconds=INDEX_SECONDS)
        return self._similarity
