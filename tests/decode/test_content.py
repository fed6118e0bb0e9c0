"""The identity of bytes sees every byte, and nothing but the bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from playlista.decode.content import hash_file
from playlista.errors import FailureReason, Interrupted, TrackError

MEBIBYTE = 2**20


@pytest.mark.parametrize("size", [0, 1, 4096, MEBIBYTE, MEBIBYTE + 1, 3 * MEBIBYTE + 7])
def test_every_byte_counts_wherever_it_is(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(bytes(size))
    hashes = {hash_file(str(path))}
    places = sorted({0, size // 3, size // 2, size - 1} - {-1}) if size else []
    for place in places:
        path.write_bytes(bytes(place) + b"\x01" + bytes(size - place - 1))
        hashes.add(hash_file(str(path)))
    path.write_bytes(bytes(size + 1))
    hashes.add(hash_file(str(path)))
    assert len(hashes) == len(places) + 2


def test_name_time_and_mode_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(os.urandom(10_000))
    before = hash_file(str(path))
    other = path.rename(tmp_path / "b.wav")
    os.utime(other, ns=(0, 0))
    other.chmod(0o600)
    assert hash_file(str(other)) == before


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(TrackError) as raised:
        hash_file(str(tmp_path / "none.wav"))
    assert raised.value.reason is FailureReason.VANISHED


def test_a_stop_ends_it(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    with pytest.raises(Interrupted):
        hash_file(str(tmp_path / "a.wav"), stop=lambda: True)
