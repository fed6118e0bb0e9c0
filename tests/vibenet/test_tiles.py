"""Signals in tiles come out as they were put in, in a memory of fixed size."""

from __future__ import annotations

import numpy as np
import pytest

from playlista.vibenet.tiles import Ring, Tiles


def _signal(columns: int) -> np.ndarray:
    return np.arange(2 * 3 * columns, dtype=np.float32).reshape(1, 2, 3, columns)


@pytest.mark.parametrize(("tile", "span", "reach"), [(1, 1, 0), (7, 5, 2), (5, 7, 2), (64, 3, 1)])
def test_overlapping_ranges_are_the_columns_that_were_put_in(tile: int, span: int, reach: int) -> None:
    signal = _signal(64)
    tiles = Tiles(Ring(signal.size))
    for start in range(0, 64, tile):
        tiles.put(signal[..., start : start + tile])
    assert tiles.columns == 64
    for start in range(0, 64, span):
        low, high = max(0, start - reach), min(64, start + span + reach)
        np.testing.assert_array_equal(tiles.take(low, high), signal[..., low:high])


def test_one_signal_takes_the_place_of_another_while_that_is_read() -> None:
    first, second = _signal(60), -_signal(60)
    ring = Ring(first.size + 2 * 6 * 6)
    before, behind = Tiles(ring), Tiles(ring)
    for start in range(0, 60, 6):
        before.put(first[..., start : start + 6])
    for start in range(0, 60, 4):
        np.testing.assert_array_equal(before.take(start, start + 4), first[..., start : start + 4])
        behind.put(second[..., start : start + 4])
    before.close()
    ring.trim()
    assert all(tile.place is not None for tile in behind._tiles)  # nothing had to go to the heap
    np.testing.assert_array_equal(behind.take(0, 60), second)


def test_what_does_not_fit_is_kept_all_the_same() -> None:
    signal = _signal(10)
    tiles = Tiles(Ring(signal.size // 2))
    tiles.put(signal[..., :4])
    tiles.put(signal[..., 4:])
    np.testing.assert_array_equal(tiles.take(0, 10), signal)
