"""Which numbers find the tracks that belong together: embedding, tags, own features, or a mix of them.

Input: data folders of libraries that Playlista has analyzed and in which tracks of one album, artist or genre are
known: by their folders and tags. Output: a table with the precision at 5: of the five tracks that are nearest to each
track, the share with the same label, for labels of at least six tracks. Chance is what a random order reaches.

    python -m benchmarks.quality_similarity DATA [DATA ...] [--write]
"""

from __future__ import annotations

import argparse
import math
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import tables
from playlista.library.database import FILE_NAME, open_read_only
from playlista.library.results import Store
from playlista.library.vectors import descriptors_in
from playlista.outputs.similarity.space import CODE_LENGTH, DESCRIPTORS_WEIGHT, Space
from playlista.tracks import Analysis

PAGE = Path("docs/appendix/quality.md")
NEAREST = 5
#: Labels of fewer tracks cannot fill the five places.
LEAST_TRACKS = NEAREST + 1
#: Sounds and jingles are shorter.
LEAST_SECONDS = 15.0

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tracks:
    """Some tracks: a row of each matrix for each, and by kind of label the label of each (None: unknown)."""

    embedding: Array
    tags: Array
    own: Array
    labels: dict[str, list[str | None]]


def read(folders: list[Path]) -> Tracks:
    """The tracks of these libraries that are long enough and have an embedding."""
    found = [one for folder in folders for one in _analyses(folder)]
    return Tracks(
        np.array([one.tagging.embedding for one in found if one.tagging]),
        np.log(np.array([list(one.tagging.tags.values()) for one in found if one.tagging]) + 1e-4),
        np.array([_own(one) for one in found]),
        {
            "album": [os.path.dirname(one.path) or None for one in found],
            "artist": [one.metadata.artist if one.metadata else None for one in found],
            "genre": [one.metadata.genres[0] if one.metadata and one.metadata.genres else None for one in found],
            "collection": [_collection(one.path) for one in found],
        },
    )


def candidates(tracks: Tracks) -> dict[str, Array]:
    """The directions that are compared, by name."""
    embedding = _directions(_standard(tracks.embedding))
    own, tags = _directions(_standard(tracks.own)), _directions(_standard(tracks.tags))
    dimensions = tracks.embedding.shape[1]
    vectors = np.hstack([tracks.embedding, tracks.own]).astype(np.float32)
    space = Space.fit(vectors, dimensions)
    product = space.directions(vectors)
    return {
        "embedding, as it is (0.1)": _directions(tracks.embedding),
        "embedding without its mean": _directions(tracks.embedding - tracks.embedding.mean(axis=0)),
        "embedding, standardized": embedding,
        "embedding, whitened to 32 components": _directions(_whitened(tracks.embedding, 32)),
        "tags": _directions(np.exp(tracks.tags)),
        "logarithms of tags, standardized": tags,
        "descriptors (spectrum, onsets, danceability, loudness range)": own,
        "standardized embedding and tags": np.hstack([embedding, DESCRIPTORS_WEIGHT * tags]),
        "**standardized embedding and descriptors (0.2)**": product.astype(np.float64),
        f"the same as {CODE_LENGTH} codes of a byte": _directions(space.codes(product) * space.steps),
    }


def precision(directions: Array, labels: list[str | None]) -> tuple[float, float, int]:
    """Precision at 5, what chance reaches, and the number of tracks with a label of at least six tracks."""
    counts = Counter(labels)
    similarity = directions @ directions.T
    np.fill_diagonal(similarity, -np.inf)
    asked = [row for row, label in enumerate(labels) if label is not None and counts[label] >= LEAST_TRACKS]
    shares = [np.mean([labels[one] == labels[row] for one in np.argsort(-similarity[row])[:NEAREST]]) for row in asked]
    chance = [(counts[labels[row]] - 1) / (len(labels) - 1) for row in asked]
    return float(np.mean(shares)), float(np.mean(chance)), len(asked)


def measure(tracks: Tracks) -> str:
    """The table, in Markdown."""
    kinds = [kind for kind, labels in tracks.labels.items() if any(n >= LEAST_TRACKS for n in _counts(labels).values())]
    rows = []
    for name, directions in candidates(tracks).items():
        rows.append([name, *(f"{precision(directions, tracks.labels[kind])[0]:.3f}" for kind in kinds)])
    _, first = next(iter(candidates(tracks).items()))
    found = [precision(first, tracks.labels[kind]) for kind in kinds]
    rows.append(["chance", *(f"{chance:.3f}" for _, chance, _ in found)])
    heads = [f"same {kind} ({count} tracks)" for kind, (_, _, count) in zip(kinds, found, strict=True)]
    lines = [["precision at 5", *heads], ["---"] * (len(heads) + 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _analyses(folder: Path) -> Iterator[Analysis]:
    with open_read_only(os.fspath(folder / FILE_NAME)) as database:
        for one in Store(database, clock=float).iterate():
            if one.tagging and one.audio and one.audio.duration_seconds >= LEAST_SECONDS and one.spectral:
                yield one


def _own(one: Analysis) -> list[float]:
    rhythm, loudness = one.rhythm, one.loudness
    spectral = None if one.spectral is None else asdict(one.spectral)
    numbers = (rhythm and rhythm.onset_rate_hz, rhythm and rhythm.danceability, loudness and loudness.range_lu)
    return [0.0 if math.isnan(number) else number for number in descriptors_in([spectral, *numbers])]


def _collection(path: str) -> str | None:
    """The beginning of a name such as ``gmd_012_rock.opus``, which names a collection."""
    name = os.path.basename(path)
    return name.split("_")[0] if name.count("_") >= 2 else None


def _counts(labels: list[str | None]) -> Counter[Any]:
    return Counter(label for label in labels if label is not None)


def _standard(numbers: Array) -> Array:
    standard: Array = (numbers - numbers.mean(axis=0)) / np.maximum(numbers.std(axis=0), 1e-9)
    return standard


def _whitened(numbers: Array, components: int) -> Array:
    left, _, _ = np.linalg.svd(_standard(numbers), full_matrices=False)
    return left[:, :components]


def _directions(numbers: Array) -> Array:
    directions: Array = numbers / np.maximum(np.linalg.norm(numbers, axis=1, keepdims=True), 1e-9)
    return directions


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE}")
    asked = parser.parse_args()
    table = measure(read(asked.data))
    print(table)
    if asked.write:
        tables.write_section(PAGE, "similarity", table)


if __name__ == "__main__":
    main()
