"""The space in which tracks are compared: embeddings, standardized by the library, as directions.

Input: embeddings as MusiCNN gives them. Output: directions, whose scalar product is the similarity of two tracks; codes
of a byte a number, by which many are ranked at little cost; points on a map.

Each number of the embedding has another mean and another spread. Without their removal two tracks are alike because
all tracks are; docs/quality.md has the figures. Codes hold the first principal components (Pearson 1901), in which
nearly all of the spread lies, so that what is ranked first by codes is ranked first by directions, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Components in a code.
CODE_LENGTH = 64
#: Mean and spread of n tracks count by n / (n + this): those of a few are more chance than knowledge.
PRIOR_TRACKS = 50
#: The map shows this share of the spread; what lies outside is drawn at its edge.
_MAP_QUANTILES = (0.005, 0.995)
_LARGEST_CODE = 127

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Space:
    """How embeddings of `dimensions` numbers are compared.

    mean, scale : [shape=(dimensions,), float32] what is taken off, and what it is then divided by.
    basis : [shape=(dimensions, components), float32] orthonormal columns, the widest spread first.
    steps : [shape=(components,), float32] what a step of a code is worth.
    low, high : [shape=(2,), float32] the ends of the map.
    tracks : how many tracks it was fitted to.
    """

    mean: Floats
    scale: Floats
    basis: Floats
    steps: Floats
    low: Floats
    high: Floats
    tracks: int

    @classmethod
    def fit(cls, vectors: Floats, *, former: Space | None = None) -> Space:
        """The space of a library, by a sample [shape=(n, dimensions)] of its embeddings.

        The components point where those of the `former` space pointed, so that a map is not turned over.
        """
        trust = len(vectors) / (len(vectors) + PRIOR_TRACKS)
        mean = vectors.mean(axis=0) * trust
        variance = trust * vectors.var(axis=0) + (1 - trust) * np.square(vectors).mean()
        scale = np.sqrt(np.maximum(variance, 1e-12))
        standard = (vectors - mean) / scale
        basis = _components(standard)
        if former is not None and former.basis.shape == basis.shape:
            turns = np.sign(np.sum(former.basis * basis, axis=0))
            basis = basis * np.where(turns == 0, 1, turns)
        steps = np.abs(_normalized(standard) @ basis).max(axis=0) / _LARGEST_CODE
        low, high = np.quantile(standard @ basis[:, :2], _MAP_QUANTILES, axis=0)
        return cls(
            mean=_floats(mean),
            scale=_floats(scale),
            basis=_floats(basis),
            steps=_floats(np.maximum(steps, 1e-6)),
            low=_floats(low),
            high=_floats(np.maximum(high, low + 1e-6)),
            tracks=len(vectors),
        )

    @property
    def dimensions(self) -> int:
        """The length of an embedding."""
        return len(self.mean)

    def directions(self, vectors: Floats) -> Floats:
        """[shape=(n, dimensions)] of length 1; a track like the mean of all has no direction, and 0 for each number."""
        return _normalized((vectors - self.mean) / self.scale)

    def codes(self, directions: Floats) -> NDArray[np.int8]:
        """[shape=(n, components), int8] the directions, rounded."""
        steps = np.rint(directions @ self.basis / self.steps)
        codes: NDArray[np.int8] = np.clip(steps, -_LARGEST_CODE, _LARGEST_CODE).astype(np.int8)
        return codes

    def queries(self, directions: Floats) -> Floats:
        """[shape=(n, components)] whose scalar product with a code is about that of the directions."""
        queries: Floats = (directions @ self.basis) * self.steps
        return queries

    def points(self, vectors: Floats) -> NDArray[np.uint16]:
        """[shape=(n, 2), uint16, 0..10,000] where tracks are on the map."""
        places = ((vectors - self.mean) / self.scale) @ self.basis[:, :2]
        shares = np.clip((places - self.low) / (self.high - self.low), 0, 1)
        points: NDArray[np.uint16] = np.rint(shares * 10_000).astype(np.uint16)
        return points


def _floats(numbers: NDArray[np.floating]) -> Floats:
    return np.ascontiguousarray(numbers, np.float32)


def _components(standard: Floats) -> Floats:
    """The eigenvectors of the covariance, the largest first; each points to where its largest number is above 0."""
    _, vectors = np.linalg.eigh(standard.T @ standard)
    basis = vectors[:, ::-1][:, :CODE_LENGTH]
    largest = np.take_along_axis(basis, np.abs(basis).argmax(axis=0)[None], axis=0)[0]
    signed: Floats = basis * np.where(largest < 0, -1, 1)
    return signed


def _normalized(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions: Floats = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 1e-9)
    return directions
