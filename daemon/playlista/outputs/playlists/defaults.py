"""Playlists that are there without a rule. They ask for what moods and tags surely say: empty rather than wrong."""

from __future__ import annotations

from playlista.outputs.playlists.rule_file import parse_rules
from playlista.outputs.playlists.rules import PlaylistRule, RuleFile

# Activations of MusiCNN are low: the highest of a track is mostly 0.2 to 0.6, and half of the tags are below 0.01.
# Below 0.15 a tag is as often wrong as right, so that one which is wanted has more, and one that would spoil the
# playlist suffices with less. Moods are ranks: of some 350 excerpts of music "calm" finds 56, with a mean energy by
# VibeNet of 0.15; tags with tempo and loudness, as in the first version, found 17 with 0.29.
_TEXT = """
["Calm evening"]
mood = "calm>=0.8"
energy = "..0.35"
without_tags = ["metal>=0.1", "heavy metal>=0.1", "hard rock>=0.1", "punk>=0.1", "dance>=0.15", "party>=0.1"]
per_artist = 5
order = "flow"

["Workout 140+"]
any_tags = ["dance>=0.2", "electronic>=0.3", "House>=0.2", "party>=0.2", "rock>=0.35", "punk>=0.2", "metal>=0.2", "Hip-Hop>=0.3"]
without_tags = ["Mellow>=0.1", "ambient>=0.1", "chillout>=0.15", "acoustic>=0.15", "sad>=0.1", "easy listening>=0.1"]
bpm = "140-190"
loudness = "-14.."
per_artist = 5
order = "flow"

["Focus, instrumental"]
voice = "..0.2"
energy = "..0.4"
without_tags = ["metal>=0.1", "punk>=0.1", "party>=0.1"]
length = "90.."
per_artist = 5
order = "flow"
"""  # noqa: E501 - a table that is read as a user would write it


def default_rules() -> tuple[PlaylistRule, ...]:
    """The rules, the same at every call."""
    return parse_rules(_TEXT, "the playlists without a rule").rules


def with_defaults(file: RuleFile) -> tuple[PlaylistRule, ...]:
    """The rules of a file and those that are there without one, unless it does not want them or has one of the name."""
    named = {rule.name.casefold() for rule in file.rules}
    missing = default_rules() if file.wants_defaults else ()
    return (*file.rules, *(rule for rule in missing if rule.name.casefold() not in named))
