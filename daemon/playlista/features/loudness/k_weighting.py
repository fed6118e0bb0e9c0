"""K-weighting: the filter of ITU-R BS.1770-5 annex 1, run as matrix products over rows of samples.

Input: planar float32 blocks of one fixed length. Output: the same block filtered, in float64. It neither
squares, weighs nor gates.

The filter is two second-order sections, a shelf for the head and a high-pass near 38 Hz. A recursion of one sample a
step is out of the question in Python and the wheels that bring one are not there for every Python that we support,
so the recursion takes ``ROW_FRAMES`` samples a step: within a row the output is a matrix product of its samples and of
the four state variables in which it starts. The states of the rows of a group are a product, too, and the states
between groups follow from each other by prefix doubling. That is the same linear system to rounding, and BLAS does
the arithmetic. It is float64 throughout: the poles of the
high-pass lie within 0.006 of the unit circle, and a float32 recursion was 0.01 LU off under rumble at 44.1 kHz and
0.39 LU off over a DC offset at 192 kHz.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Samples that the recursion advances at once: long enough for BLAS, short enough that the triangle of zeros in the
#: response matrix stays cheap.
ROW_FRAMES = 32
#: Rows of a group, where a block can be divided into such groups.
GROUP_ROWS = 16
#: Rows of one matrix product. OpenBLAS would share larger ones out to threads, which then spin for one another and
#: burn many times the CPU; small ones are also faster on one thread, and the same bits whatever the threads.
PRODUCT_ROWS = 32

#: The rate for which the standard prints its coefficients.
STANDARD_RATE_HZ = 48_000
#: BS.1770-5 annex 1, tables 1 and 2: numerator and denominator of the shelf and of the high-pass at 48 kHz.
STANDARD_SHELF = np.array(
    [[1.53512485958697, -2.69169618940638, 1.19839281085285], [1.0, -1.69065929318241, 0.73248077421585]]
)
STANDARD_HIGH_PASS = np.array([[1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621]])
#: The tone by which the standard fixes the scale: at 0 dBFS in one front channel it reads -3.01 LUFS.
CALIBRATION_HZ = 997.0

_STATES = 4


def sections_at(sample_rate_hz: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shelf and high-pass of the standard, redesigned for another sample rate.

    The standard prints coefficients for 48 kHz and asks for the same frequency response at every other rate. The
    bilinear transform is undone at 48 kHz, each analogue section is pre-warped at its own corner and transformed
    back, and the gain of both is set so that the tone of the standard's calibration reads the same. Without that
    last step it would read 0.05 dB low at 16 kHz and 0.2 dB low at 8 kHz, where the shelf lies near the Nyquist
    rate; with the printed numerator 1, -2, 1 in its place everything above the shelf would read as much too high.

    Parameters
    ----------
    sample_rate_hz : more than twice the corner of the shelf, 1682 Hz.

    Returns
    -------
    tuple of two np.ndarray [shape=(2, 3), float64]
        Numerator and denominator of each; the denominators begin with 1.
    """
    shelf = _section_at(sample_rate_hz, STANDARD_SHELF)
    high_pass = _section_at(sample_rate_hz, STANDARD_HIGH_PASS)
    wanted = _gain(STANDARD_RATE_HZ, STANDARD_SHELF) * _gain(STANDARD_RATE_HZ, STANDARD_HIGH_PASS)
    shelf[0] *= wanted / (_gain(sample_rate_hz, shelf) * _gain(sample_rate_hz, high_pass))
    return shelf, high_pass


def _section_at(sample_rate_hz: int, standard_section: NDArray[np.float64]) -> NDArray[np.float64]:
    constant, linear, quadratic = _exchange(standard_section).T
    tangent = math.sqrt(constant[1] / quadratic[1])
    corner_hz = math.atan(tangent) * STANDARD_RATE_HZ / math.pi
    stretch = math.tan(math.pi * corner_hz / sample_rate_hz) / tangent
    section = _exchange(np.stack([constant * stretch**2, linear * stretch, quadratic], axis=1))
    section /= section[1, 0]
    return section


def _gain(sample_rate_hz: int, section: NDArray[np.float64]) -> float:
    """Gain of a section for the calibration tone."""
    delays = np.exp(-2j * math.pi * CALIBRATION_HZ / sample_rate_hz * np.arange(3))
    numerator, denominator = np.abs(section @ delays)
    return float(numerator / denominator)


def _exchange(quadratics: NDArray[np.float64]) -> NDArray[np.float64]:
    """Substitute (1 - v) / (1 + v) into each row a + bx + cx^2: from the z plane to the s plane, and back again."""
    first, second, third = quadratics.T
    return np.stack([first + second + third, 2.0 * (first - third), first - second + third], axis=1)


def _state_space(section: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Transition and drive of one section in transposed direct form II, whose output is its first state and b0 x."""
    (b0, b1, b2), (_, a1, a2) = section
    return np.array([[-a1, 1.0], [-a2, 0.0]]), np.array([b1 - a1 * b0, b2 - a2 * b0])


class KWeighting:
    """The K filter over planar blocks of one fixed shape, its state carried from block to block.

    Parameters
    ----------
    sample_rate_hz : above 3364, twice the corner of the shelf.
    channels : rows of a block.
    frames : columns of a block; a multiple of ``ROW_FRAMES``, and best of ``ROW_FRAMES * PRODUCT_ROWS``.
    """

    def __init__(self, sample_rate_hz: int, channels: int, frames: int) -> None:
        if frames % ROW_FRAMES:
            raise ValueError(f"a block must be a multiple of {ROW_FRAMES} frames, not {frames}")
        rows = frames // ROW_FRAMES
        group_rows = math.gcd(rows, GROUP_ROWS)
        self._shape, self._groups = (channels, rows), rows // group_rows
        self._drive, self._response, self._from_group_start, self._from_rows = _matrices(sample_rate_hz, group_rows)
        self._advances = [self._from_group_start[:, -_STATES:]]
        while 1 << len(self._advances) <= self._groups:
            self._advances.append(self._advances[-1] @ self._advances[-1])
        self._rows = np.zeros((*self._shape, ROW_FRAMES + _STATES))
        self._filtered = np.zeros((channels, frames))
        self.reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes of matrices, work space and state; constant."""
        matrices = (self._drive, self._response, self._from_group_start, self._from_rows, *self._advances)
        arrays = (*matrices, self._rows, self._filtered, self._state)
        return sum(array.nbytes for array in arrays)

    def reset(self) -> None:
        """Forget the signal: the next block is filtered as the first."""
        self._state = np.zeros((self._shape[0], _STATES))

    def filter(self, block: NDArray[np.float32]) -> NDArray[np.float64]:
        """Filter the next block.

        Parameters
        ----------
        block : np.ndarray [shape=(channels, frames), float32].

        Returns
        -------
        np.ndarray [shape=(channels, frames), float64], overwritten by the next call; the caller may write into it.
        """
        self._rows[..., :ROW_FRAMES] = block.reshape(*self._shape, ROW_FRAMES)
        self._rows[..., ROW_FRAMES:] = self._row_states()
        np.matmul(_products(self._rows), self._response, out=_products(self._filtered.reshape(*self._shape, -1)))
        return self._filtered

    def _row_states(self) -> NDArray[np.float64]:
        """The state in which each row starts; keeps the one after the last row."""
        channels, rows = self._shape
        drives = (self._rows[..., :ROW_FRAMES] @ self._drive).reshape(channels, self._groups, -1)
        within = (_products(drives) @ self._from_rows).reshape(channels, self._groups, -1)
        starts = self._group_starts(within[..., -_STATES:])
        states = within + starts @ self._from_group_start
        return states[..., :-_STATES].reshape(channels, rows, _STATES)

    def _group_starts(self, driven: NDArray[np.float64]) -> NDArray[np.float64]:
        """The state in which each group starts, from those to which its own samples drive it, by prefix doubling."""
        states = np.concatenate([self._state[:, np.newaxis], driven], axis=1)
        for exponent, advance in enumerate(self._advances):
            reach = 1 << exponent
            states[:, reach:] += states[:, :-reach] @ advance
        self._state = states[:, -1].copy()
        return states[:, :-1]


def _products(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows [shape=(channels, rows, columns)] in as many products as BLAS computes best."""
    at_once = math.gcd(rows.shape[1], PRODUCT_ROWS)
    return rows.reshape(-1, at_once, rows.shape[2])


class _Matrices(NamedTuple):
    """What the products of a rate need.

    drive : [shape=(ROW_FRAMES, 4)], the state to which the samples of a row lead.
    response : see `_row_response`; from_group_start, from_rows : see `_group_response`.
    """

    drive: NDArray[np.float64]
    response: NDArray[np.float64]
    from_group_start: NDArray[np.float64]
    from_rows: NDArray[np.float64]


@lru_cache(maxsize=8)
def _matrices(sample_rate_hz: int, group_rows: int) -> _Matrices:
    """Made once for a rate: it costs as much as filtering two seconds of sound."""
    transition, drive, observe, direct = _cascade(sample_rate_hz)
    powers = [np.eye(_STATES)]
    for _ in range(ROW_FRAMES):
        powers.append(transition @ powers[-1])
    return _Matrices(
        np.stack([power @ drive for power in powers[-2::-1]]),
        _row_response(powers, drive, observe, direct),
        *_group_response(powers[-1], group_rows),
    )


def _cascade(
    sample_rate_hz: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float]:
    """Shelf into high-pass as one system of four states: transition, drive, observation and direct gain."""
    shelf, high_pass = sections_at(sample_rate_hz)
    (shelf_transition, shelf_drive), (pass_transition, pass_drive) = _state_space(shelf), _state_space(high_pass)
    transition = np.zeros((_STATES, _STATES))
    transition[:2, :2], transition[2:, 2:] = shelf_transition, pass_transition
    transition[2:, 0] = pass_drive
    drive = np.concatenate([shelf_drive, pass_drive * shelf[0, 0]])
    observe = np.array([high_pass[0, 0], 0.0, 1.0, 0.0])
    return transition, drive, observe, float(shelf[0, 0] * high_pass[0, 0])


def _row_response(
    powers: list[NDArray[np.float64]], drive: NDArray[np.float64], observe: NDArray[np.float64], direct: float
) -> NDArray[np.float64]:
    """What each sample of a row, and each state at its start, adds to each output of the row.

    Returns
    -------
    np.ndarray [shape=(ROW_FRAMES + 4, ROW_FRAMES), float64].
    """
    observations = np.stack([observe @ power for power in powers[:ROW_FRAMES]])
    impulse = np.concatenate([[direct], observations[:-1] @ drive])
    response = np.zeros((ROW_FRAMES + _STATES, ROW_FRAMES))
    for frame in range(ROW_FRAMES):
        response[frame, frame:] = impulse[: ROW_FRAMES - frame]
    response[ROW_FRAMES:] = observations.T
    return response


def _group_response(advance: NDArray[np.float64], rows: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the states at the start of each row, and the one after the last, owe to the group's first and to its rows.

    Parameters
    ----------
    advance : [shape=(4, 4)], how a state is carried over one row.

    Returns
    -------
    from_start : np.ndarray [shape=(4, (rows + 1) * 4), float64]
    from_rows : np.ndarray [shape=(rows * 4, (rows + 1) * 4), float64], from what each row by itself drives a state to.
    """
    powers = [np.eye(_STATES)]
    for _ in range(rows):
        powers.append(powers[-1] @ advance.T)
    from_rows = np.zeros((rows, _STATES, rows + 1, _STATES))
    for row in range(rows):
        for later in range(row + 1, rows + 1):
            from_rows[row, :, later] = powers[later - row - 1]
    return np.hstack(powers), from_rows.reshape(rows * _STATES, -1)
