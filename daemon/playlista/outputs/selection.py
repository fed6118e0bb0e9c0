"""Which tracks belong in a playlist: a filter by tempo, key and tags.

Input: a library and a filter. Output: paths, best first. The library is read in blocks.
"""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from playlista.errors import PlaylistaError
from playlista.library.results import Store
from playlista.tracks import Analysis


@dataclass(frozen=True, slots=True)
class TrackFilter:
    """What the tracks of a playlist have in common; None where it does not matter.

    bpm : lowest and highest tempo, both included.
    camelot : codes such as "8A", any of which will do.
    tags : MSD tags, all of which count.
    """

    bpm: tuple[float, float] | None = None
    camelot: frozenset[str] | None = None
    tags: tuple[str, ...] = ()

    def score(self, analysis: Analysis) -> float | None:
        """How well a track fits, 0..1 (the least activation of its tags); None where it does not.

        Raises
        ------
        PlaylistaError : the model knows no such tag.
        """
        if self.bpm and not self._in_tempo(analysis):
            return None
        if self.camelot and not (analysis.tonal and analysis.tonal.camelot in self.camelot):
            return None
        if not self.tags:
            return 1.0
        return None if analysis.tagging is None else self._least_activation(analysis.tagging.tags)

    def _least_activation(self, activations: Mapping[str, float]) -> float:
        return min(activations[tag if tag in activations else tag_named(tag, activations)] for tag in self.tags)

    def _in_tempo(self, analysis: Analysis) -> bool:
        bpm = analysis.rhythm and analysis.rhythm.bpm
        return bool(bpm and self.bpm and self.bpm[0] <= bpm <= self.bpm[1])


def tag_named(text: str, known: Iterable[str]) -> str:
    """The tag of `known` that `text` means, whatever its capitals.

    Raises
    ------
    PlaylistaError : there is none; the text names those that are written alike.
    """
    by_text = {name.lower(): name for name in known}
    if (wanted := text.lower()) in by_text:
        return by_text[wanted]
    close = [by_text[name] for name in difflib.get_close_matches(wanted, by_text, n=3)]
    hint = (
        f"did you mean {' or '.join(map(repr, close))}?"
        if close
        else f"there are: {', '.join(sorted(by_text.values()))}"
    )
    raise PlaylistaError(f"no tag is called {text!r}; {hint}")


def select(store: Store, track_filter: TrackFilter, count: int) -> list[str]:
    """Paths of the `count` tracks that fit best, best first, in the order of paths where they fit alike."""
    scored = ((track_filter.score(analysis), analysis.path) for analysis in store.iterate())
    fitting = ((score, path) for score, path in scored if score is not None)
    return [path for _, path in heapq.nsmallest(count, fitting, key=lambda pair: (-pair[0], pair[1]))]
