"""Bytes that pretend to be frames, pages and tags: the checks end, in little time and memory, whatever they say."""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playlista.decode.containers import identify
from playlista.decode.integrity.flac_md5 import read_stated_md5
from playlista.decode.integrity.frame_headers import AdtsHeaders, FrameHeaders, MpegHeaders
from playlista.decode.integrity.frame_walk import FrameWalk
from playlista.decode.integrity.lame_tag import LameChecksum, read_lame_tag
from playlista.decode.integrity.ogg_walk import OggWalk
from tests.decode.encoded_files import song
from tests.exhaustive import examples

MIB = 2**20
#: CPU seconds; the searches are bounded to some, a walk without an end takes for ever.
DEADLINE_SECONDS = 30.0
MEMORY_BYTES = 8 * MIB
#: MPEG-1 layer 3 at 128 kbit/s and 44.1 kHz: 417 bytes.
FRAME = b"\xff\xfb\x90\x64" + bytes(413)


def walked(data: bytes, folder: Path) -> tuple[FrameWalk, FrameWalk, OggWalk]:
    """All walks over the same bytes, in steps as a decoder would make them."""
    path = folder / "bytes"
    path.write_bytes(data)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        span = 0, len(data)
        tag = read_lame_tag(descriptor, 0)
        lame = LameChecksum(tag, 0) if tag else None
        walks = (
            FrameWalk(descriptor, span, len(data), MpegHeaders, lame.update if lame else None),
            FrameWalk(descriptor, span, len(data), AdtsHeaders),
            OggWalk(descriptor, span, len(data)),
        )
        read_stated_md5(descriptor, identify(descriptor))
        for walk in walks:
            for limit in (len(data) // 3, len(data) // 2, 2**62):
                walk.advance(limit)
    finally:
        os.close(descriptor)
    return walks


@cache
def seed(suffix: str, folder: str) -> bytes:
    return song(Path(folder), suffix, seconds=0.6).read_bytes()


@pytest.mark.parametrize("suffix", ["mp3", "vbr.mp3", "aac", "ogg", "opus", "flac"])
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutants_of_every_format_are_walked_to_their_end(
    suffix: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = bytearray(seed(suffix, str(tmp_path_factory.getbasetemp())))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(whole) - 1))
        change = data.draw(st.sampled_from(["flip", "cut", "insert", "drop"]))
        if change == "flip":
            whole[place] ^= data.draw(st.integers(1, 255))
        elif change == "cut" and place > 64:
            del whole[place:]
        elif change == "insert":
            whole[place:place] = data.draw(st.binary(min_size=1, max_size=300))
        else:
            del whole[place : place + data.draw(st.integers(1, 300))]
        if not whole:
            return
    walked(bytes(whole), tmp_path_factory.getbasetemp())


HOSTILE: dict[str, Callable[[], bytes]] = {
    "headers of frames and no frame": lambda: b"\xff\xfb\x90" * (4 * MIB // 3),
    "headers of pages and no page": lambda: b"OggS\0" * (4 * MIB // 5),
    "pages that claim the most": lambda: (b"OggS\0" + bytes(21) + b"\xff" + b"\xff" * 255) * (MIB // 282),
    "tags of ten bytes": lambda: FRAME * 4 + b"ID3\4\0\0\0\0\0\0" * (4 * MIB // 10),
    "rows of four frames and noise between": lambda: (FRAME * 4 + b"noise" * 20) * (8 * MIB // 1768),
    "rows of two kinds by turns": lambda: (FRAME * 4 + (b"\xff\xf3\x90\x64" + bytes(257)) * 4) * 1500,
    "zeros": lambda: FRAME * 4 + bytes(8 * MIB),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_walked_in_bounded_time(name: str, tmp_path: Path) -> None:
    data = HOSTILE[name]()
    began = time.process_time()
    walked(data, tmp_path)
    assert time.process_time() - began < DEADLINE_SECONDS


def test_a_long_file_is_walked_in_windows(tmp_path: Path) -> None:
    data = FRAME * (24 * MIB // len(FRAME))
    tracemalloc.start()
    mpeg = walked(data, tmp_path)[0]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert mpeg.breaks == 0
    assert peak < MEMORY_BYTES


@pytest.mark.parametrize("headers", [MpegHeaders, AdtsHeaders])
def test_an_empty_span_has_no_breaks(headers: Callable[[], FrameHeaders], tmp_path: Path) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(b"")
    descriptor = os.open(path, os.O_RDONLY)
    walk = FrameWalk(descriptor, (0, 0), 0, headers)
    walk.advance(2**62)
    os.close(descriptor)
    assert (walk.breaks, walk.first_break) == (0, None)
