"""A mapped file gives the same samples as one that is read, and keeps no more of it in memory than a window."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from playlista.decode.readers.mapped import MappedFile
from playlista.errors import DecodeError, FailureReason
from tests.decode.files import MIB, chord, decoded, opened
from tests.signals import noise

MAPPABLE = [
    ("WAV", "PCM_U8"),
    ("WAV", "PCM_16"),
    ("WAV", "PCM_24"),
    ("WAV", "PCM_32"),
    ("WAV", "FLOAT"),
    ("WAV", "DOUBLE"),
    ("WAV", "ALAW"),
    ("WAV", "ULAW"),
    ("WAV", "IMA_ADPCM"),
    ("WAVEX", "PCM_24"),
    ("WAVEX", "FLOAT"),
    ("RF64", "PCM_16"),
    ("RF64", "PCM_24"),
    ("W64", "PCM_16"),
    ("W64", "FLOAT"),
    ("AIFF", "PCM_24"),
    ("FLAC", "PCM_16"),
    ("FLAC", "PCM_24"),
]


@pytest.mark.parametrize(("container", "coding"), MAPPABLE)
@pytest.mark.parametrize("channels", [1, 2])
def test_mapped_samples_equal_read_samples_to_the_bit(
    container: str, coding: str, channels: int, tmp_path: Path
) -> None:
    path, signal = tmp_path / "track", noise(1.5 * channels, peak=1.0).reshape(-1, channels)
    soundfile.write(path, signal, 44100, coding, format=container)

    mapped, read = decoded(path, mapping_min_bytes=1), decoded(path)

    np.testing.assert_array_equal(mapped.samples, read.samples)
    assert (mapped.info, mapped.error) == (read.info, None)


def test_big_endian_and_six_channel_wavs_are_equal_too(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "big", chord(0.5, 44100, 6), 44100, "PCM_16", "BIG", format="WAV")
    soundfile.write(tmp_path / "six", chord(0.5, 44100, 6), 44100, "PCM_24", format="WAV")

    for path in tmp_path.iterdir():
        np.testing.assert_array_equal(decoded(path, mapping_min_bytes=1).samples, decoded(path).samples)


def test_a_file_below_the_threshold_is_not_mapped(tmp_path: Path) -> None:
    path = tmp_path / "track.wav"
    soundfile.write(path, chord(0.1, 44100, 2), 44100)

    with opened(path, mapping_min_bytes=path.stat().st_size):
        assert str(path) in Path("/proc/self/maps").read_text(encoding="utf-8")
    with opened(path, mapping_min_bytes=path.stat().st_size + 1):
        assert str(path) not in Path("/proc/self/maps").read_text(encoding="utf-8")


def sparse_wav(path: Path, data_bytes: int) -> Path:
    """A 16-bit stereo WAV of zeros that takes no space on disk: plain below 4 GiB, RF64 above."""
    fmt = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 2, 44100, 176400, 4, 16)
    if data_bytes < 2**32 - 100:
        head = b"RIFF" + struct.pack("<I", 36 + data_bytes) + b"WAVE" + fmt + b"data" + struct.pack("<I", data_bytes)
    else:
        ds64 = b"ds64" + struct.pack("<IQQQI", 28, 72 + data_bytes, data_bytes, data_bytes // 4, 0)
        head = b"RF64\xff\xff\xff\xffWAVE" + ds64 + fmt + b"data\xff\xff\xff\xff"
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + data_bytes)
    return path


def resident_bytes() -> int:
    """Pages of this process that are in memory, anonymous and of files."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cached_bytes(path: Path) -> int:
    """Bytes of `path` in the page cache, as ``mincore`` sees them through a mapping of its own."""
    import ctypes
    import mmap

    size = path.stat().st_size
    pages = -(-size // mmap.PAGESIZE)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    with path.open("rb") as file:
        address = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, file.fileno(), 0)
    flags = ctypes.create_string_buffer(pages)
    assert libc.mincore(address, size, flags) == 0
    libc.munmap(address, size)
    return sum(flag & 1 for flag in flags.raw) * mmap.PAGESIZE


@pytest.mark.parametrize("mapping_min_bytes", [1, None])
def test_resident_memory_stays_flat_over_half_a_gigabyte(mapping_min_bytes: int | None, tmp_path: Path) -> None:
    path = sparse_wav(tmp_path / "hours.wav", 512 * MIB)
    highest = 0
    with opened(path, mapping_min_bytes=mapping_min_bytes) as source:
        blocks = source.blocks()
        next(blocks)
        at_start = resident_bytes()
        for number, _block in enumerate(blocks):
            if number % 20 == 0:
                highest = max(highest, resident_bytes())
        assert source.frames_decoded == 128 * MIB

    # Two blocks of 1 MB, a window of 2 MB with the kernel's read-ahead, and some slack for the allocator.
    assert highest - at_start < 16 * MIB


@pytest.mark.parametrize("mapping_min_bytes", [1, None])
def test_pages_are_given_back_behind_the_cursor_and_all_of_them_at_the_end(
    mapping_min_bytes: int | None, tmp_path: Path
) -> None:
    path = tmp_path / "noise.wav"
    soundfile.write(path, noise(2 * 360, peak=1.0).reshape(-1, 2), 44100, "PCM_16")
    with path.open("rb+") as file:
        os.fsync(file.fileno())  # the kernel drops no page that still has to be written
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    if cached_bytes(path) > MIB:
        pytest.skip("this file system keeps its pages whatever it is told (tmpfs)")

    with opened(path, mapping_min_bytes=mapping_min_bytes) as source:
        most = max(cached_bytes(path) for number, _ in enumerate(source.blocks()) if number % 10 == 0)

    # 60 MB went through; what remains is a step, the folios across its edges and the kernel's read-ahead.
    assert most < 24 * MIB
    assert cached_bytes(path) < MIB


@pytest.mark.exhaustive
def test_an_rf64_is_read_behind_the_fourth_gigabyte(tmp_path: Path) -> None:
    path = sparse_wav(tmp_path / "large.wav", 4200 * MIB)
    with path.open("rb+") as file:
        file.seek(-4, os.SEEK_END)
        file.write(struct.pack("<hh", 16384, -16384))

    with opened(path, mapping_min_bytes=1, block_seconds=60, max_block_bytes=8 * MIB) as source:
        assert source.info.declared_frames == 1050 * MIB
        for block in source.blocks():
            last = block[-1].copy()

    np.testing.assert_array_equal(last, [0.5, -0.5])


def test_a_size_that_wrapped_at_four_gigabytes_is_seen_through(tmp_path: Path) -> None:
    data_bytes = 4096 * MIB + 40000
    path = sparse_wav(tmp_path / "wrapped.wav", data_bytes - 4096 * MIB)
    os.truncate(path, 44 + data_bytes)

    with opened(path, mapping_min_bytes=1) as source:
        assert source.info.declared_frames == data_bytes // 4


def shorten(path: Path) -> None:
    os.truncate(path, 100_000)


def empty_out(path: Path) -> None:
    os.truncate(path, 0)


@pytest.mark.parametrize("damage", [shorten, empty_out])
@pytest.mark.parametrize("container", ["WAV", "FLAC", "AIFF"])
@pytest.mark.parametrize("mapping_min_bytes", [1, None])
def test_a_file_cut_short_while_it_is_read_costs_the_track_and_not_the_process(
    damage: Callable[[Path], None], container: str, mapping_min_bytes: int | None, tmp_path: Path
) -> None:
    path = tmp_path / "track"
    soundfile.write(path, noise(2 * 30, peak=1.0).reshape(-1, 2), 44100, "PCM_16", format=container)

    with opened(path, mapping_min_bytes=mapping_min_bytes, block_seconds=1) as source:
        blocks = source.blocks()
        next(blocks)
        damage(path)
        with pytest.raises(DecodeError) as caught:
            list(blocks)

    assert caught.value.reason is FailureReason.UNREADABLE
    assert caught.value.retryable


def test_the_mapping_seeks_like_a_file(tmp_path: Path) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(bytes(range(256)) * 64)
    buffer = bytearray(8)
    with path.open("rb") as file:
        mapped = MappedFile(file.fileno())
        for offset, whence, place in ((-4, os.SEEK_END, 16380), (-380, os.SEEK_CUR, 16000), (5, os.SEEK_SET, 5)):
            assert mapped.seek(offset, whence) == place == mapped.tell()
        assert mapped.readinto(memoryview(buffer)) == 8
        assert (bytes(buffer), mapped.tell()) == (bytes(range(5, 13)), 13)
        assert mapped.seek(99999) == 16384
        assert mapped.readinto(memoryview(buffer)) == 0
        assert mapped.failure is None
        mapped.close()
