"""The index of a large library in a file, so that a command or a daemon that has just started need not make it again.

Input: what an index holds. Output: the same again. The file is a cache: one that is missing, damaged or of another
version is none, and whoever reads it compares it with the library.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playlista.library.vectors import DESCRIPTORS, Place
from playlista.outputs.similarity.space import CODE_LENGTH, DESCRIPTORS_WEIGHT, Space
from playlista.system.atomic_write import replacing

#: Rises when the file is written in another way, or codes are made in another way.
_FORMAT = 1
#: Fields of the space that are numbers; the others are arrays.
_WHOLE = ("dimensions", "tracks")


@dataclass(frozen=True, slots=True)
class KeptIndex:
    """All of an index.

    ids [shape=(n,), int64], codes [shape=(n, CODE_LENGTH), int8], points [shape=(n, 2), uint16] : of the tracks.
    place : up to where the results of the library are in it.
    fitted : how many tracks there were when the space was fitted.
    """

    space: Space
    ids: NDArray[np.int64]
    codes: NDArray[np.int8]
    points: NDArray[np.uint16]
    place: Place
    fitted: int


def write_index(path: str, kept: KeptIndex) -> None:
    """Write the file at `path`. Raises OSError where that cannot be."""
    space = {f"space_{entry.name}": getattr(kept.space, entry.name) for entry in fields(Space)}
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(
            file,
            made_by=_made_by(),
            ids=kept.ids,
            codes=kept.codes,
            points=kept.points,
            place=np.array([kept.place.finished_at, kept.place.file_id], np.float64),
            fitted=np.int64(kept.fitted),
            **space,
        )


def read_index(path: str) -> KeptIndex | None:
    """What the file at `path` holds; None where it is none, or cannot be used."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            kept = _kept({name: stored[name] for name in stored.files})
    except Exception:  # zipfile and NumPy raise whatever a damaged header makes them; it is a cache
        return None
    return kept if _is_whole(kept) else None


def _made_by() -> NDArray[np.float64]:
    """What decides how a code is made, next to the space."""
    return np.array([_FORMAT, CODE_LENGTH, DESCRIPTORS, DESCRIPTORS_WEIGHT])


def _kept(stored: dict[str, NDArray[Any]]) -> KeptIndex:
    if not np.array_equal(stored["made_by"], _made_by()):
        raise ValueError("made by another version")
    space: dict[str, Any] = {entry.name: stored[f"space_{entry.name}"] for entry in fields(Space)}
    space |= {name: int(space[name]) for name in _WHOLE}
    finished_at, file_id = stored["place"].tolist()
    place = Place(finished_at, int(file_id))
    return KeptIndex(Space(**space), stored["ids"], stored["codes"], stored["points"], place, int(stored["fitted"]))


def _is_whole(kept: KeptIndex) -> bool:
    count, numbers = len(kept.ids), kept.space.dimensions + DESCRIPTORS
    arrays: tuple[tuple[NDArray[Any], type, tuple[int, ...]], ...] = (
        (kept.ids, np.int64, (count,)),
        (kept.codes, np.int8, (count, CODE_LENGTH)),
        (kept.points, np.uint16, (count, 2)),
        (kept.space.basis, np.float32, (numbers, CODE_LENGTH)),
        (kept.space.mean, np.float32, (numbers,)),
        (kept.space.scale, np.float32, (numbers,)),
        (kept.space.steps, np.float32, (CODE_LENGTH,)),
    )
    return count > 0 and all(array.dtype == kind and array.shape == shape for array, kind, shape in arrays)
