"""No text of a parameter comes through unread: what is used is what was checked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_from_bytes, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from playlista.serve.api.tracks import PAGE_LIMIT, PIECE_CHARACTERS, PLAIN
from playlista.serve.http import Application
from playlista.serve.parameters import (
    LONGEST_PATH,
    BadRequestError,
    Cursor,
    UriTooLongError,
    WholeNumber,
    cursor_at,
    read_query,
)
from playlista.serve.views import ResultText
from playlista.tracks import Status
from tests.serve.views import views_of

BYTES_OF_PATHS = st.binary(min_size=1, max_size=300).filter(lambda name: b"\0" not in name)
TEXTS = st.text(max_size=40) | st.integers().map(str) | st.sampled_from(["analyzed", "~", "~A", "~_-", "0500", " 5"])


class Asked:
    """A daemon that notes what it is asked for, and has endless tracks."""

    def __init__(self) -> None:
        self.tracks_asked: list[tuple[Any, Any, Any]] = []
        self.taken = 0

    def tracks(self, status: Status | None, after: str, limit: int) -> Iterator[ResultText]:
        self.tracks_asked.append((status, after, limit))
        for number in range(limit):
            self.taken += 1
            document = {"path": f"{number}.mp3", "tags": "x" * 10_000}
            yield ResultText(document["path"], json.dumps(document))

    def application(self) -> Application:
        return Application(views_of(tracks=self.tracks))


def answered(asked: Asked, path: str, query: str) -> tuple[int, Iterable[bytes]]:
    """Ask as a server does, which gives the bytes of a request as Latin-1."""
    statuses: list[str] = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": query}
    pieces = asked.application()(environ, lambda status, headers: statuses.append(status))
    return int(statuses[0][:3]), pieces


@given(st.dictionaries(st.sampled_from(["status", "limit", "after", "other"]), TEXTS, max_size=4))
@example({"limit": "000500999999"})
@example({"limit": "\u0665"})
@example({"after": "~" + "A" * 6000})
def test_whatever_a_parameter_holds_the_library_is_asked_for_what_was_declared(fields: dict[str, str]) -> None:
    asked = Asked()
    status, pieces = answered(asked, "/api/v1/tracks", urlencode(fields, errors="surrogatepass"))
    if status != 200:
        assert status in {400, 414}
        assert asked.tracks_asked == []
        return
    page = json.loads(b"".join(pieces))
    ((wanted, after, limit),) = asked.tracks_asked
    assert wanted is None or wanted in Status
    assert 1 <= limit <= PAGE_LIMIT
    assert len(after.encode("utf-8", "surrogateescape")) <= LONGEST_PATH
    assert len(page["tracks"]) == limit


@given(st.text(st.characters(max_codepoint=255), max_size=200), st.text(st.characters(max_codepoint=255), max_size=200))
def test_any_bytes_as_path_and_query_have_an_answer(path: str, query: str) -> None:
    status, pieces = answered(Asked(), path, query)
    assert status in {200, 400, 404}
    assert all(isinstance(piece, bytes) for piece in pieces)


def test_a_page_is_made_while_it_is_sent_and_not_before() -> None:
    asked = Asked()
    _, pieces = answered(asked, "/api/v1/tracks", f"limit={PAGE_LIMIT}")
    assert len(next(iter(pieces))) < 2 * PIECE_CHARACTERS
    assert asked.taken <= 1 + PIECE_CHARACTERS / 10_000


@given(BYTES_OF_PATHS)
def test_a_cursor_is_plain_ascii_and_leads_back_to_its_path(name: bytes) -> None:
    path = name.decode("utf-8", "surrogateescape")
    cursor = cursor_at(path)
    assert quote(cursor, safe="") == cursor
    assert read_query(f"after={cursor}", {"after": Cursor()}) == {"after": path}


@given(BYTES_OF_PATHS)
def test_a_path_with_a_suffix_is_never_taken_for_a_cursor(name: bytes) -> None:
    path = name + b".mp3"
    assert read_query(f"after={quote_from_bytes(path)}", {"after": Cursor()}) == {
        "after": path.decode("utf-8", "surrogateescape")
    }


@pytest.mark.parametrize(
    ("text", "value"), [("1", 1), ("500", 500), ("0050", 50), (None, 50), ("", None), ("5_0", None), ("1e2", None)]
)
def test_a_number_is_ascii_digits_within_its_range(text: str | None, value: int | None) -> None:
    number = WholeNumber(1, 500, default=50)
    if value is not None:
        assert number.read("limit", text) == value
        return
    with pytest.raises(BadRequestError, match="limit is a whole number from 1 to 500"):
        number.read("limit", text)


def test_a_query_longer_than_any_cursor_is_refused_unread() -> None:
    with pytest.raises(UriTooLongError, match="longer than 8192"):
        read_query("limit=1&x=" + "a" * 9000, PLAIN)
