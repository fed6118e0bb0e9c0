"""The list without JavaScript: every text of a file stays text, however hostile, and pages lead on."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from playlista.serve.plain_list import COLUMNS, plain_list
from playlista.system.html_text import LONGEST_TEXT


class Reader(HTMLParser):
    """Elements, row headings and links of a page, as a browser's parser would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.links: list[str] = []
        self.names: list[str] = []
        self.in_name = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.links += [value for name, value in attrs if name == "href" and tag == "a" and value]
        if tag == "bdi":
            self.in_name = True
            self.names.append("")

    def handle_endtag(self, tag: str) -> None:
        self.in_name = self.in_name and tag != "bdi"

    def handle_data(self, data: str) -> None:
        if self.in_name:
            self.names[-1] += data


def read(
    tracks: list[dict[str, Any]], cursor: str | None = None, status: str | None = None, text: str | None = None
) -> Reader:
    reader = Reader()
    reader.feed(b"".join(plain_list(tracks, cursor, text=text, status=status)).decode("utf-8"))
    return reader


def track(title: str) -> dict[str, Any]:
    return {
        "path": "a.mp3",
        "title": title,
        "artist": None,
        "album": None,
        "status": "analyzed",
        "reason": None,
        "duration_seconds": 3725.4,
        "bpm": 120.0,
        "key": "A",
        "scale": "minor",
        "camelot": "8A",
        "integrated_lufs": -14.04,
    }


HOSTILE = [
    "<script>alert(1)</script>.mp3",
    '"><img src=x onerror=alert(1)>.mp3',
    "</table></main><h1>gone.mp3",
    "&lt;b&gt;&amp;.mp3",
    "\u202egnp.3pm",
    "\u2067\u2066right to left\u2069\u2069.mp3",
]


@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_name_is_shown_as_it_is(path: str) -> None:
    harmless = read([track("a.mp3")])
    reader = read([track(path)])
    assert reader.names == [path]
    assert reader.elements == harmless.elements


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("\u2067open.mp3", "\u2067open.mp3\u2069"),
        ("\u2066\u2068twice.mp3", "\u2066\u2068twice.mp3\u2069\u2069"),
        ("closed\u2069 too often.mp3", "closed too often.mp3"),
        ("\u2067a\u2069b\u2069c.mp3", "\u2067a\u2069bc.mp3"),
    ],
)
def test_a_name_cannot_turn_around_what_stands_next_to_it(path: str, shown: str) -> None:
    assert read([track(path)]).names == [shown]


def test_what_is_not_unicode_is_shown_as_a_replacement() -> None:
    assert read([track("a\udcff\ud800.mp3")]).names == ["a\ufffd\ufffd.mp3"]


def test_a_name_of_a_megabyte_is_cut() -> None:
    assert read([track("x" * 2**20)]).names == ["x" * LONGEST_TEXT + "…"]


def test_numbers_have_their_units() -> None:
    page = b"".join(plain_list([track("a.mp3")], None, text=None, status=None)).decode()
    for shown in ("1:02:05", "120.0 BPM", "A minor (8A)", "-14.0 LUFS", "analyzed"):
        assert f"<td>{shown}</td>" in page


def test_a_track_that_failed_has_a_dash_for_each_unknown_number() -> None:
    failed = dict.fromkeys(track("x")) | {"path": "a.mp3", "status": "failed", "reason": "corrupt"}
    page = b"".join(plain_list([failed], None, text=None, status=None)).decode()
    assert '<th scope="row"><bdi>a.mp3</bdi></th>' in page
    assert page.count("<td>\N{EN DASH}</td>") == len(COLUMNS) - 2
    assert "<td>failed: corrupt</td>" in page


def test_the_link_to_the_next_page_keeps_the_status_and_the_last_page_has_none() -> None:
    assert read([track("a.mp3")], "~QQ", "failed").links[-1] == "?after=~QQ&status=failed"
    assert read([track("a.mp3")], "~QQ", text="a&b \udcff").links[-1] == "?after=~QQ&q=a%26b+%3F"
    assert not [link for link in read([track("a.mp3")]).links if "after=" in link]


def test_an_empty_page_says_what_to_do() -> None:
    assert b"Put music into the folder" in b"".join(plain_list([], None, text=None, status=None))


def test_what_was_searched_stays_in_its_field_as_text() -> None:
    page = b"".join(plain_list([], None, text='"><script>VALUE', status=None)).decode()
    assert 'value="&quot;&gt;&lt;script&gt;VALUE"' in page
