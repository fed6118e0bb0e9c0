"""The wire format, against the examples of its public specification and against another implementation."""

from __future__ import annotations

import pytest

from playlista.models import protobuf as pb


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "00"),
        (1, "01"),
        (127, "7f"),
        (128, "8001"),
        (150, "9601"),
        (-1, "ffffffffffffffffff01"),
        (-2, "feffffffffffffffff01"),
    ],
)
def test_varints_are_as_the_specification_shows_them(value: int, encoded: str) -> None:
    assert pb.varint(value).hex() == encoded


def test_fields_are_as_the_specification_shows_them() -> None:
    # https://protobuf.dev/programming-guides/encoding/: Test1 {a: 150}, Test2 {b: "testing"}, Test3 {c: {a: 150}}
    assert pb.integer(1, 150).hex() == "089601"
    assert pb.text(2, "testing").hex() == "120774657374696e67"
    assert pb.message(3, pb.integer(1, 150)).hex() == "1a03089601"


def test_packed_integers_are_as_the_specification_shows_them() -> None:
    # Test5 {f: 3 f: 270 f: 86942}
    assert pb.integers(6, (3, 270, 86942)).hex() == "3206038e029ea705"
    assert list(pb.packed_integers(bytes.fromhex("038e029ea705"))) == [3, 270, 86942]


def test_a_field_number_above_fifteen_takes_two_bytes() -> None:
    assert pb.integer(20, 1).hex() == "a00101"
