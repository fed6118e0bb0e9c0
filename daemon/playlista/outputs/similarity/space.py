"""The space in which tracks are compared: embeddings and descriptors of sound, standardized, as directions.

Input: vectors, each the embedding that MusiCNN gives and descriptors of sound behind it. Output: directions, whose
scalar product is the similarity of two tracks; codes of a byte a number, by which many are ranked at little cost; and
points on a map.

Each number has another mean and another spread. Without their removal two tracks are alike because all tracks are.
Descriptors find tracks of one album and artist that the embedding alone does not; docs/quality.md has the figures.
Codes hold the first principal components (Pearson 1901), in which nearly all of the spread lies, so that what is ranked
first by codes is ranked first by directions, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Components in a code.
CODE_LENGTH = 64
#: Mean and spread of n tracks count by n / (n + this): those of a few are more chance than knowledge.
PRIOR_TRACKS = 50
#: The map shows this share of the spread; what lies outside is drawn towards its edge.
_MAP_QUANTILES = (0.005, 0.995)
#: How late the scale of the map bends: 0.84 of the way to the edge at those quantiles.
_MAP_BEND = 4
_LARGEST_CODE = 127
#: How much the descriptors count, to 1 of the embedding: chosen by benchmarks/quality_similarity.py.
DESCRIPTORS_WEIGHT = 0.7

Floats = NDArray[np.float32]
Numbers = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Space:
    """How vectors are compared: `dimensions` numbers of an embedding, and the descriptors behind them.

    mean, scale : [shape=(numbers,), float32] what is taken off, and what it is then divided by.
    basis : [shape=(numbers, components), float32] orthonormal columns, the widest spread first.
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
    dimensions: int
    tracks: int

    @classmethod
    def fit(cls, vectors: Floats, dimensions: int, *, former: Space | None = None) -> Space:
        """The space of a library, by a sample of its vectors [shape=(n, numbers), NaN: unknown].

        The components point where those of the `former` space pointed, so that a map is not turned over.
        """
        known = ~np.isnan(vectors)
        counts = known.sum(axis=0)
        trust = counts / (counts + PRIOR_TRACKS)
        numbers = np.where(known, vectors, 0).astype(np.float64)
        mean = numbers.sum(axis=0) / np.maximum(counts, 1) * trust
        variance = np.square(np.where(known, numbers - mean, 0)).sum(axis=0) / np.maximum(counts, 1)
        prior = np.square(numbers).sum(axis=0) / np.maximum(counts, 1)
        scale = np.sqrt(np.maximum(trust * variance + (1 - trust) * prior, 1e-12))
        directions = _directions(vectors, mean, scale, dimensions)
        basis = _components(directions)
        if former is not None and former.basis.shape == basis.shape:
            turns = np.sign(np.sum(former.basis * basis, axis=0))
            basis = basis * np.where(turns == 0, 1, turns)
        places = directions @ basis
        low, high = np.quantile(places[:, :2], _MAP_QUANTILES, axis=0)
        return cls(
            mean=_floats(mean),
            scale=_floats(scale),
            basis=_floats(basis),
            steps=_floats(np.maximum(np.abs(places).max(axis=0) / _LARGEST_CODE, 1e-6)),
            low=_floats(low),
            high=_floats(np.maximum(high, low + 1e-6)),
            dimensions=dimensions,
            tracks=len(vectors),
        )

    def directions(self, vectors: Floats) -> Floats:
        """[shape=(n, numbers)] of length 1; a track like the mean of all has no direction, and 0 for each number."""
        return _floats(_directions(vectors, self.mean, self.scale, self.dimensions))

    def codes(self, directions: Floats) -> NDArray[np.int8]:
        """[shape=(n, components), int8] the directions, rounded."""
        steps = np.rint(directions @ self.basis / self.steps)
        codes: NDArray[np.int8] = np.clip(steps, -_LARGEST_CODE, _LARGEST_CODE).astype(np.int8)
        return codes

    def queries(self, directions: Floats) -> Floats:
        """[shape=(n, components)] whose scalar product with a code is about that of the directions."""
        queries: Floats = (directions @ self.basis) * self.steps
        return queries

    def points(self, directions: Floats) -> NDArray[np.uint16]:
        """[shape=(n, 2), uint16, 0..10,000] where tracks are on the map.

        The middle is drawn to scale; the few tracks far out are drawn ever closer together towards the edge.
        """
        places = directions @ self.basis[:, :2]
        shares = 2.0 * (places - self.low) / (self.high - self.low) - 1.0
        bent = shares / (1.0 + np.abs(shares) ** _MAP_BEND) ** (1.0 / _MAP_BEND)
        points: NDArray[np.uint16] = np.rint((bent + 1.0) * 5_000).astype(np.uint16)
        return points


def _directions(vectors: Floats, mean: Numbers, scale: Numbers, dimensions: int) -> Numbers:
    standard = np.nan_to_num((vectors - mean) / scale)
    embeddings, descriptors = _normalized(standard[:, :dimensions]), _normalized(standard[:, dimensions:])
    return _normalized(np.hstack([embeddings, DESCRIPTORS_WEIGHT * descriptors]))


def _floats(numbers: NDArray[np.floating]) -> Floats:
    return np.ascontiguousarray(numbers, np.float32)


def _components(standard: Numbers) -> Numbers:
    """The eigenvectors of the covariance, the largest first; each points to where its largest number is above 0."""
    _, vectors = np.linalg.eigh(standard.T @ standard)
    basis = vectors[:, ::-1][:, :CODE_LENGTH]
    largest = np.take_along_axis(basis, np.abs(basis).argmax(axis=0)[None], axis=0)[0]
    signed: Numbers = basis * np.where(largest < 0, -1, 1)
    return signed


def _normalized(vectors: Numbers) -> Numbers:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions: Numbers = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 1e-9)
    return directions
