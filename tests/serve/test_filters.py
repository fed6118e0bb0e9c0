"""How ranges, keys and tags are written in a query."""

from __future__ import annotations

import pytest

from playlista.library.filter_texts import camelot_code
from playlista.serve.filters import Keys, NumberRange, TagFloor
from playlista.serve.parameters import BadRequestError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90-110", (90, 110)),
        ("90..110", (90, 110)),
        ("-20..-10", (-20, -10)),
        ("-20--10", (-20, -10)),
        ("90..", (90, None)),
        ("90-", (90, None)),
        ("..-14", (None, -14)),
        ("120", (120, 120)),
        ("-14.5", (-14.5, -14.5)),
    ],
)
def test_a_range_is_read_as_people_write_it(text: str, expected: tuple) -> None:
    assert NumberRange().read("bpm", text) == expected


def test_a_share_is_a_range_within_0_and_1() -> None:
    assert NumberRange(of_shares=True).read("energy", "0..1") == (0, 1)
    with pytest.raises(BadRequestError, match=r"energy is a range of numbers within 0\.\.1"):
        NumberRange(of_shares=True).read("energy", "7..")


@pytest.mark.parametrize("text", ["", "-", "..", "a-b", "1-2-3", "1e5", "110-90", "9999999", "\u0661"])
def test_a_text_that_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(BadRequestError):
        NumberRange().read("bpm", text)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("C", "8B"),
        ("Am", "8A"),
        ("G", "9B"),
        ("Em", "9A"),
        ("F", "7B"),
        ("Dm", "7A"),
        ("B", "1B"),
        ("G#m", "1A"),
        ("Abm", "1A"),
        ("F# major", "2B"),
        ("Gb", "2B"),
        ("E", "12B"),
        ("C#m", "12A"),
        ("8a", "8A"),
        ("12B", "12B"),
    ],
)
def test_a_key_has_its_place_on_the_camelot_wheel(name: str, code: str) -> None:
    """The wheel as Mixed In Key publishes it."""
    assert camelot_code(name) == code


def test_keys_are_listed_with_commas_and_what_is_none_is_refused() -> None:
    assert Keys().read("key", "8A, Em,") == ("8A", "9A")
    assert Keys().read("key", None) == ()
    for text in ("13A", "0B", "H", "8C", "a minor"):
        with pytest.raises(BadRequestError):
            Keys().read("key", text)


def test_a_tag_may_have_its_least_activation() -> None:
    assert TagFloor().read("tag", "female vocalists>=0.5") == ("female vocalists", 0.5)
    assert TagFloor().read("tag", "jazz") == ("jazz", 0.3)
    for text in ("", ">=0.5", "jazz>=x", "jazz<0.5"):
        with pytest.raises(BadRequestError):
            TagFloor().read("tag", text)
