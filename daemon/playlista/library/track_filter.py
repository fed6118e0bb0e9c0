"""Which tracks are meant: the filter that the command line, the API and playlists share, and what it is in SQL.

Input: ranges, names and tags. Output: conditions on the table ``tracks`` with their values. Nothing is asked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from playlista.errors import PlaylistaError
from playlista.library.folding import as_unicode, folded
from playlista.library.track_rows import CAMELOT, LEAST_ACTIVATION
from playlista.tracks import Status

#: Lowest and highest value, both included; None leaves an end open.
Range = tuple[float | None, float | None]

#: The columns that have a range.
_RANGES = {
    "bpm": "bpm",
    "loudness": "loudness",
    "year": "year",
    "duration": "duration_seconds",
    "energy": "energy",
    "voice": "voice",
}

_MOST_WORDS = 12

#: A tag by its name, with a least activation in thousandths, of a row of ``track_tags``.
TAG_CONDITION = "tag = (SELECT id FROM tag_names WHERE name = ? COLLATE NOCASE) AND activation >= ?"


class FilterError(PlaylistaError):
    """A filter that cannot be used; its text says what is allowed."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition in SQL with its values; ``probe`` is the same for a ``{row}`` that is at hand, if that is cheaper."""

    sql: str
    values: tuple[object, ...]
    probe: str | None = None

    def at_hand(self, row: str = "tracks.file_id") -> str:
        """The condition for the row whose id is in the column `row`."""
        return self.sql if self.probe is None else self.probe.format(row=row)


@dataclass(frozen=True, slots=True)
class TrackFilter:
    """What tracks have in common; None or empty where it does not matter.

    text : words of title, artist, album or genre; each of two letters or more may be the beginning of one.
    artist, album, genre : whole names; case and accents do not count.
    bpm, loudness, year, duration : in BPM, LUFS, years, seconds.
    energy, voice : 0..1.
    camelot : codes such as "8A", any of which will do.
    tags : MusiCNN's tags with the least activation of each, 0.1..1; all of them count.
    any_tags : the same; one of them is enough.
    without_tags : the same; a track that has one of them is left out.
    moods : names of moods with the least value of each, `LEAST_MOOD`..1; all of them count.
    format : as a result has it, such as "FLAC".
    health : findings such as "clipped", any of which will do.
    """

    status: Status | None = None
    text: str | None = None
    artist: str | None = None
    album: str | None = None
    genre: str | None = None
    bpm: Range | None = None
    loudness: Range | None = None
    year: Range | None = None
    duration: Range | None = None
    energy: Range | None = None
    voice: Range | None = None
    camelot: tuple[str, ...] = ()
    tags: tuple[tuple[str, float], ...] = ()
    any_tags: tuple[tuple[str, float], ...] = ()
    without_tags: tuple[tuple[str, float], ...] = ()
    moods: tuple[tuple[str, float], ...] = ()
    format: str | None = None
    health: tuple[str, ...] = ()

    @property
    def is_numeric(self) -> bool:
        """Whether the index of numbers answers it alone."""
        return not (self.has_names or self.tags or self.any_tags or self.without_tags or self.moods or self.health)

    @property
    def has_names(self) -> bool:
        """Whether words or names count."""
        return any(one is not None for one in (self.text, self.artist, self.album, self.genre))

    def conditions(self) -> list[Condition]:
        """Its conditions, all of which count.

        Raises
        ------
        FilterError : a key that is none, a tag below the least activation that is kept.
        """
        return [
            *self._names(),
            *self._tag_conditions(),
            *self._mood_conditions(),
            *self._health_condition(),
            *self._numbers(),
        ]

    def _names(self) -> Iterator[Condition]:
        if self.text is not None:
            query = match_query(self.text, whole_letters=True)
            rows = "SELECT rowid FROM track_words WHERE track_words MATCH ?"
            yield Condition(f"file_id IN ({rows})" if query else "FALSE", (query,) if query else ())
        for column, name in (("artist_key", self.artist), ("album_key", self.album)):
            if name is not None:
                yield Condition(f"{column} = ?", (folded(name),))
        if self.genre is not None:
            rows, probe = _both_ways("track_genres", "genre = ?")
            yield Condition(rows, (folded(self.genre),), probe)

    def _health_condition(self) -> Iterator[Condition]:
        if self.health:
            rows, probe = _both_ways("track_findings", f"finding IN ({', '.join('?' * len(self.health))})")
            yield Condition(rows, self.health, probe)

    def _tag_conditions(self) -> Iterator[Condition]:
        for name, activation in self.tags:
            rows, probe = _both_ways("track_tags", TAG_CONDITION)
            yield Condition(rows, _tag_values(name, activation), probe)
        for floors, negation in ((self.any_tags, ""), (self.without_tags, "NOT ")):
            if floors:
                rows, probe = _both_ways("track_tags", " OR ".join([TAG_CONDITION] * len(floors)))
                values = tuple(value for floor in floors for value in _tag_values(*floor))
                yield Condition(f"{negation}{rows}", values, f"{negation}{probe}")

    def _mood_conditions(self) -> Iterator[Condition]:
        for name, value in self.moods:
            rows, probe = _both_ways("track_moods", "mood = ? AND value >= ?")
            yield Condition(rows, (name, round(value * 1000)), probe)

    def _numbers(self) -> Iterator[Condition]:
        for name, column in _RANGES.items():
            low, high = getattr(self, name) or (None, None)
            if low is not None:
                yield Condition(f"{column} >= ?", (low,))
            if high is not None:
                yield Condition(f"{column} <= ?", (high,))
        if self.status is not None:
            yield Condition("tracks.status = ?", (self.status.value,))
        if self.format is not None:
            yield Condition("format = ?", (as_unicode(self.format),))
        if self.camelot:
            yield Condition(f"camelot IN ({', '.join('?' * len(self.camelot))})", tuple(map(_place_of, self.camelot)))


def match_query(text: str, *, whole_letters: bool = False) -> str:
    """`text` as a query of FTS5: all of its words, each of which may be the beginning of one; "" without any word.

    With `whole_letters` a single letter is a word of its own, since a tenth of all words may begin with it.
    Everything in it that has a meaning in FTS5's language is only text.
    """
    words = re.findall(r"[^\W_]+", text)[:_MOST_WORDS]
    return " AND ".join(f'"{word}"' if whole_letters and _is_letter(word) else f'"{word}"*' for word in words)


def _is_letter(word: str) -> bool:
    """Whether it is a single Latin letter or digit; a single ideograph is a word."""
    return len(word) == 1 and word.isascii()


def _tag_values(name: str, activation: float) -> tuple[str, int]:
    if not LEAST_ACTIVATION <= activation <= 1:
        raise FilterError(f"the least activation of a tag is from {LEAST_ACTIVATION:g} to 1")
    return name, round(activation * 1000)


def _both_ways(table: str, where: str) -> tuple[str, str]:
    """A condition on a table of (…, file_id): as a set of rows, and as a look-up for a row that is at hand."""
    return (
        f"file_id IN (SELECT file_id FROM {table} WHERE {where})",  # noqa: S608 - constants
        f"EXISTS (SELECT 1 FROM {table} AS one WHERE one.file_id = {{row}} AND ({where}))",  # noqa: S608
    )


def _place_of(code: str) -> int:
    if code.upper() not in CAMELOT:
        raise FilterError(f"{code!r} is not a Camelot code; they go from 1A to 12B")
    return CAMELOT.index(code.upper())
