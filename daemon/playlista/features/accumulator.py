"""The one shape that every feature has: fed in chunks of any length, it keeps little and answers at the end."""

from __future__ import annotations

from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

ResultT_co = TypeVar("ResultT_co", covariant=True)


def noop() -> None:
    """The checkpoint of a caller who never wants to stop."""


class Accumulator(Protocol[ResultT_co]):
    """A feature in the making.

    For any split of one signal into chunks, the result is the same; after ``reset`` an accumulator is as new.
    """

    @property
    def retained_bytes(self) -> int:
        """Bytes of left-over samples, frames and state held right now."""

    def update(self, chunk: NDArray[np.floating]) -> None:
        """Take the next samples: ``[shape=(n,)]`` mono; loudness and health: ``[shape=(n, channels)]``; n may be 0."""

    def result(self) -> ResultT_co:
        """Close the stream and answer. To be called once, after the last ``update``."""

    def reset(self) -> None:
        """Forget the track."""
