"""Moods from MusiCNN's tags, each as its rank among other music.

The network's activations say little by their size: "happy" is 0.006 in the happiest of our recordings. What they say by
their order is much more, so that each mood is a score, and its value the share of a fixed set of recordings with a
lower score. Of 100 tracks like those of the set, some 20 have a mood from 0.8 on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

from playlista.tracks.mood.logits import log_odds

#: From this value on a track counts as having the mood, unless something else is said.
USUAL_MOOD = 0.8
#: Tracks are found by moods from this value on.
LEAST_MOOD = 0.5


@dataclass(frozen=True, slots=True)
class _Score:
    """The mean log odds of tags that speak for a mood, less those that speak against, and the log odds of energy.

    quantiles : the scores below which 0, 5, 10 ... 100 % of the reference recordings lie.
    """

    tags: tuple[str, ...]
    against: tuple[str, ...]
    energy: float
    quantiles: tuple[float, ...]

    def value(self, odds: Mapping[str, float], energy_odds: float) -> float:
        """The share of reference recordings with a lower score, 0..1."""
        score = _mean(odds, self.tags) + self.energy * energy_odds
        if self.against:
            score -= _mean(odds, self.against)
        place = bisect_right(self.quantiles, score)
        if place in (0, len(self.quantiles)):
            return float(place > 0)
        low, high = self.quantiles[place - 1], self.quantiles[place]
        return (place - 1 + (score - low) / (high - low)) / (len(self.quantiles) - 1)


_SCORES = {
    "calm": _Score(
        ("Mellow", "chillout", "chill", "ambient", "easy listening"),
        (),
        -1.0,
        (-8.13, -5.78, -4.6, -4.33, -4.12, -3.92, -3.78, -3.57, -3.37, -3.23, -3.04,
         -2.89, -2.74, -2.56, -2.42, -2.23, -1.9, -1.71, -1.25, -0.91, 0.36),
    ),
    "happy": _Score(
        ("happy", "catchy", "party", "funk"),
        (),
        0.0,
        (-8.01, -7.04, -6.72, -6.56, -6.46, -6.38, -6.27, -6.16, -6.06, -6.0, -5.91,
         -5.83, -5.7, -5.6, -5.43, -5.3, -5.14, -5.02, -4.85, -4.65, -4.1),
    ),
    "sad": _Score(
        ("sad", "Mellow", "beautiful"),
        ("happy", "party", "dance"),
        0.0,
        (-2.32, -1.01, -0.54, -0.19, 0.03, 0.23, 0.38, 0.54, 0.7, 0.82, 0.96,
         1.08, 1.28, 1.46, 1.61, 1.72, 1.95, 2.16, 2.36, 2.76, 3.66),
    ),
    "party": _Score(
        ("party", "dance", "House", "funk"),
        (),
        0.5,
        (-9.28, -7.6, -7.19, -6.96, -6.75, -6.53, -6.31, -5.98, -5.73, -5.54, -5.35,
         -5.07, -4.87, -4.72, -4.56, -4.45, -4.27, -4.13, -3.81, -3.27, -2.23),
    ),
    "aggressive": _Score(
        ("metal", "heavy metal", "hard rock", "punk"),
        (),
        1.0,
        (-10.65, -8.74, -8.21, -7.69, -7.51, -7.32, -6.94, -6.72, -6.45, -6.3, -6.1,
         -5.93, -5.79, -5.58, -5.4, -5.12, -4.79, -4.61, -4.3, -3.8, -0.58),
    ),
    "dark": _Score(
        ("ambient", "experimental", "metal", "heavy metal"),
        ("happy", "party", "pop", "soul"),
        0.0,
        (-2.46, -0.87, -0.57, -0.29, -0.1, 0.07, 0.19, 0.4, 0.55, 0.72, 0.85,
         1.03, 1.18, 1.36, 1.54, 1.83, 2.01, 2.29, 2.76, 3.39, 5.55),
    ),
}  # fmt: skip

#: The moods there are.
MOODS = tuple(_SCORES)
_TAGS = frozenset(name for score in _SCORES.values() for name in (*score.tags, *score.against))


def moods_of(tags: Mapping[str, float] | None, energy: float | None) -> dict[str, float] | None:
    """Each mood's value 0..1, to three digits; None where tags or energy are unknown.

    The reference are 292 excerpts of 30 s: music of free games (nine packages of Debian), folk tunes and game music
    rendered from MIDI, drums of Groove MIDI, loops of Sonic Pi, examples of librosa and mirdata. There are few songs
    with a voice among them, so that in a library of pop "happy" is more frequent than elsewhere, and "dark" rarer. Rank
    correlation with VibeNet's valence on 301 excerpts: happy 0.66, party 0.54, aggressive 0.20, calm -0.46, sad -0.48,
    dark -0.62. No person's ratings were compared.
    """
    if tags is None or energy is None or not tags.keys() >= _TAGS:
        return None
    odds = {name: log_odds(tags[name]) for name in _TAGS}
    energy_odds = log_odds(energy)
    return {name: round(score.value(odds, energy_odds), 3) for name, score in _SCORES.items()}


def _mean(odds: Mapping[str, float], names: tuple[str, ...]) -> float:
    return sum([odds[name] for name in names]) / len(names)
