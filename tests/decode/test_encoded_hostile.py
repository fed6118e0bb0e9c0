"""Structures that lie: whatever stands in a file, it is hashed or left to the decoder, in little time and memory."""

from __future__ import annotations

import os
import struct
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutagen.ogg import OggPage

from playlista.decode.content import hash_file
from tests.decode.encoded_files import BY_HAND, ENCODED, song
from tests.exhaustive import examples

MIB = 2**20
#: On a loaded machine everything takes longer; a search without an end takes for ever.
DEADLINE_SECONDS = 60.0


def box(name: bytes, *bodies: bytes) -> bytes:
    body = b"".join(bodies)
    return struct.pack(">I4s", 8 + len(body), name) + body


def table(name: bytes, rows: int, *numbers: int) -> bytes:
    return box(name, bytes(4), struct.pack(f">{1 + len(numbers)}I", rows, *numbers))


def movie(sizes: bytes, runs: bytes, offsets: bytes) -> bytes:
    """An MP4 of one track with these three tables, the samples to follow."""
    opus = box(b"Opus", bytes(28), box(b"dOps", bytes(11)))
    description = box(b"stsd", bytes(4), struct.pack(">I", 1), opus)
    samples = box(b"stbl", description, sizes, runs, offsets)
    media = box(b"mdia", box(b"hdlr", bytes(8), b"soun", bytes(13)), box(b"minf", samples))
    return box(b"ftyp", b"M4A ", bytes(4)) + box(b"moov", box(b"trak", media))


def hashed(path: Path) -> str | None:
    started = time.monotonic()
    kind = hash_file(str(path)).encoded_kind
    assert time.monotonic() - started < DEADLINE_SECONDS
    return kind


def test_the_tables_of_ten_hours_are_read_a_few_kilobytes_at_a_time(tmp_path: Path) -> None:
    """AAC at 44.1 kHz: 43 samples a second, two chunks a second. Six MB of table, of which little may be kept."""
    chunks, each, size = 2 * 36_000, 22, 8
    lengths = struct.pack(">I", size) * (chunks * each)
    sizes = box(b"stsz", bytes(8), struct.pack(">I", chunks * each), lengths)
    runs = table(b"stsc", 1, 1, each, 1)
    head = len(movie(sizes, runs, table(b"stco", chunks, *([0] * chunks)))) + 8
    offsets = table(b"stco", chunks, *(head + number * each * size for number in range(chunks)))
    path = tmp_path / "long.m4a"
    path.write_bytes(movie(sizes, runs, offsets) + box(b"mdat", bytes(chunks * each * size)))
    assert path.stat().st_size > 16 * MIB
    tracemalloc.start()
    try:
        assert hashed(path) == "mp4/1"
        assert tracemalloc.get_traced_memory()[1] < 2 * MIB  # one of it is the buffer of the file
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("sizes", "runs", "offsets"),
    [
        (table(b"stsz", 2**32 - 1, 2**32 - 1), table(b"stsc", 1, 1, 2**32 - 1, 1), table(b"stco", 1, 0)),
        (table(b"stsz", 0, 2**32 - 1), table(b"stsc", 1, 1, 1, 1), table(b"stco", 1, 0)),
        (table(b"stsz", 0, 0), table(b"stsc", 2**32 - 1, 1, 1, 1), table(b"stco", 2**32 - 1, 0)),
        (table(b"stsz", 4, 2), table(b"stsc", 1, 1, 1, 1), table(b"stco", 2, 400, 300)),
        (table(b"stsz", 4, 2), table(b"stsc", 2, 2, 1, 1, 1, 1, 1), table(b"stco", 2, 300, 400)),
        (table(b"stsz", 4, 9), table(b"stsc", 1, 1, 1, 1), table(b"stco", 2, 300, 400)),
    ],
    ids=["huge samples", "no table", "endless tables", "backwards", "runs backwards", "samples without a place"],
)
def test_tables_that_do_not_fit_each_other_are_left_to_the_decoder(
    tmp_path: Path, sizes: bytes, runs: bytes, offsets: bytes
) -> None:
    path = tmp_path / "a.m4a"
    path.write_bytes(movie(sizes, runs, offsets) + box(b"mdat", bytes(4096)))
    assert hashed(path) == "decoded/1"


def test_boxes_pages_and_chunks_without_an_end_end(tmp_path: Path) -> None:
    nested = b""
    for _ in range(3000):
        nested = box(b"wave", nested)
    entry = box(b"mp4a", bytes(28), nested)
    deep = box(b"stbl", box(b"stsd", bytes(4), struct.pack(">I", 1), entry))
    media = box(b"mdia", box(b"hdlr", bytes(8), b"soun", bytes(13)), box(b"minf", deep))
    page, first = OggPage().write(), OggPage()
    first.first, first.packets = True, [b"OpusHead" + bytes(11)]
    files = {
        "deep.m4a": box(b"ftyp", b"M4A ") + box(b"moov", box(b"trak", media)),
        "boxes.m4a": box(b"ftyp", b"M4A ") + box(b"free") * 400_000,
        "zeros.m4a": box(b"ftyp", b"M4A ") + bytes(4 * MIB),
        "pages.ogg": first.write() + page * 400_000,
        "chunks.wav": b"RIFF\xff\xff\xff\xffWAVE" + b"abcd\0\0\0\0" * MIB,
        "chunks.caf": b"caff\0\1\0\0" + (b"abcd" + bytes(8)) * MIB,
        "back.caf": b"caff\0\1\0\0" + b"desc" + b"\xff" * 8 + bytes(4096),
        "objects.wma": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(4096),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        assert hashed(tmp_path / name) == "decoded/1", name
        (tmp_path / name).unlink()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A short file of every kind."""
    folder = tmp_path_factory.mktemp("whole")
    return {suffix: song(folder, suffix, seconds=0.3).read_bytes() for suffix in (*ENCODED, *BY_HAND)}


@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_survived(tmp_path: Path, whole: dict[str, bytes], data: st.DataObject) -> None:
    suffix = data.draw(st.sampled_from(sorted(whole)))
    content = bytearray(whole[suffix])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, min(len(content) - 1, 2000)))
        if data.draw(st.booleans()):
            place = len(content) - 1 - place
        content[place : place + 4] = data.draw(st.sampled_from([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\x01"]))
    del content[data.draw(st.integers(len(content) // 2, len(content))) :]
    path = tmp_path / f"damaged.{suffix}"
    path.write_bytes(content)
    read = hash_file(os.fspath(path))
    assert (read.encoded is None) == (read.encoded_kind == "decoded/1")
