"""The texts of filters, as people write them in a query or a rule: ranges, keys, tags with a least activation.

Input: texts. Output: values for a `TrackFilter`. Nothing is asked of a library here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from playlista.library.folding import as_unicode
from playlista.library.track_filter import FilterError, Range
from playlista.tracks.mood import LEAST_MOOD, MOODS, USUAL_MOOD

#: Where only the name of a tag is given.
USUAL_ACTIVATION = 0.3

_NUMBER = r"-?[0-9]{1,6}(?:\.[0-9]{1,6})?"
#: "90-110", "-20..-10", "120-", "..-14", "120".
_RANGE = re.compile(rf"(?:(?P<one>{_NUMBER})|(?P<low>{_NUMBER})?(?:\.\.|-)(?P<high>{_NUMBER})?)")
_CAMELOT = re.compile(r"(1[0-2]|[1-9])[AB]", re.IGNORECASE)
_KEY = re.compile(r"(?P<tonic>[A-G])(?P<sign>[#b♯♭]?) ?(?P<scale>m|min|minor|maj|major|)")
_TAG = re.compile(r"(?P<name>[^<>=]{1,60}?)(?: ?>= ?(?P<activation>[01](?:\.[0-9]{1,6})?))?")
_PITCHES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SIGNS = {"#": 1, "♯": 1, "b": -1, "♭": -1, "": 0}


def number_range(text: str) -> Range:
    """Lowest and highest of a text such as ``90-110`` or ``-20..-10``; None where an end is open.

    Raises
    ------
    FilterError : it is no range.
    """
    found = _RANGE.fullmatch(text.strip())
    if found is None or not (found["one"] or found["low"] or found["high"]):
        raise FilterError("is a range of numbers, such as 90-110, 90.. or -20..-10")
    if found["one"]:
        return float(found["one"]), float(found["one"])
    low, high = (None if one is None else float(one) for one in found.group("low", "high"))
    if low is not None and high is not None and low > high:
        raise FilterError("begins above its end")
    return low, high


def share_range(text: str) -> Range:
    """As `number_range`, of values from 0 to 1.

    Raises
    ------
    FilterError : it is no range, or none within 0..1.
    """
    return within_shares(number_range(text))


def within_shares(found: Range) -> Range:
    """`found`, if it is within 0..1: other numbers are meant on another scale, such as energies of 1 to 10.

    Raises
    ------
    FilterError : it is not.
    """
    if not all(0 <= end <= 1 for end in found if end is not None):
        raise FilterError("is a range of numbers within 0..1, such as 0.7.. or ..0.3")
    return found


def tag_floor(text: str) -> tuple[str, float]:
    """Name and least activation of a text such as ``jazz>=0.3``; the name alone stands for `USUAL_ACTIVATION`.

    Raises
    ------
    FilterError : it is no such text.
    """
    found = _TAG.fullmatch(text.strip())
    if found is None:
        raise FilterError("is the name of a tag, or with its least activation such as jazz>=0.3")
    return as_unicode(found["name"]), float(found["activation"] or USUAL_ACTIVATION)


def mood_floor(text: str) -> tuple[str, float]:
    """Name and least value of a text such as ``calm>=0.9``; the name alone stands for `USUAL_MOOD`.

    Raises
    ------
    FilterError : it is no such text, there is no such mood, or the value is below those that are kept.
    """
    found = _TAG.fullmatch(text.strip())
    name = found["name"].lower() if found else text
    if found is None or name not in MOODS:
        raise FilterError(f"is one of {', '.join(MOODS)}, or one with its least value such as {MOODS[0]}>=0.9")
    value = float(found["activation"] or USUAL_MOOD)
    if not LEAST_MOOD <= value <= 1:
        raise FilterError(f"has a least value from {LEAST_MOOD:g} to 1")
    return name, value


def camelot_code(text: str) -> str | None:
    """The code of a key on the Camelot wheel, by its code or its name; None where it is neither.

    A fifth up is one step on: C major is 8B, G major 9B; a minor key has the number of its relative major.
    """
    if _CAMELOT.fullmatch(text):
        return text.upper()
    found = _KEY.fullmatch(text)
    if found is None:
        return None
    pitch = _PITCHES[found["tonic"]] + _SIGNS[found["sign"]]
    is_minor = found["scale"] in ("m", "min", "minor")
    number = ((pitch + (3 if is_minor else 0)) * 7 + 7) % 12 + 1
    return f"{number}{'A' if is_minor else 'B'}"


def camelot_neighbours(code: str) -> tuple[str, ...]:
    """The keys that mix with one: itself, a fifth down and up, its relative major or minor."""
    number, letter = int(code[:-1]), code[-1]
    other = "B" if letter == "A" else "A"
    return code, f"{(number - 2) % 12 + 1}{letter}", f"{number % 12 + 1}{letter}", f"{number}{other}"


def tag_named(text: str, known: Iterable[str]) -> str:
    """The tag of `known` that `text` means, whatever its capitals.

    Raises
    ------
    FilterError : there is none; the text names those that are written alike.
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
    raise FilterError(f"no tag is called {text!r}; {hint}")
