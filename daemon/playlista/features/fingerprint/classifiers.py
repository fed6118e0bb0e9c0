"""From an image of chroma features to sub-fingerprints of 32 bits, as Chromaprint's algorithm 2 defines them.

Input: rows of twelve pitch classes over time. Output: one number per row that has 15 more behind it. Sixteen
classifiers look at a window of 16 rows: each compares the sums over two areas and says in two bits how they relate.

Written from the published description (L. Lalinsky, "How does Chromaprint work?", 2011; Y. Ke, D. Hoiem,
R. Sukthankar, "Computer vision for music identification", CVPR 2005). Areas and thresholds are the parameters of the
format, without which no fingerprint compares with those of AcoustID; they are those of Chromaprint 1.5, which its
author found by training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Pitch classes of a row, and rows of the window that the classifiers look at.
PITCH_CLASSES = 12
WINDOW_ROWS = 16

#: Two-bit codes of the four ranges between thresholds: neighbours differ in one bit (Gray code).
_CODES = np.array([0, 1, 3, 2], np.uint32)


@dataclass(frozen=True, slots=True)
class _Classifier:
    """An area of the window, how it is cut in two, and three rising thresholds of the comparison.

    shape : which parts of the area are held against which, see `_parts`.
    lowest, height : its pitch classes. width : its rows, from the first of the window.
    """

    shape: int
    lowest: int
    height: int
    width: int
    thresholds: tuple[float, float, float]


_CLASSIFIERS = (
    _Classifier(0, 4, 3, 15, (1.98215, 2.35817, 2.63523)),
    _Classifier(4, 4, 6, 15, (-1.03809, -0.651211, -0.282167)),
    _Classifier(1, 0, 4, 16, (-0.298702, 0.119262, 0.558497)),
    _Classifier(3, 8, 2, 12, (-0.105439, 0.0153946, 0.135898)),
    _Classifier(3, 4, 4, 8, (-0.142891, 0.0258736, 0.200632)),
    _Classifier(4, 0, 3, 5, (-0.826319, -0.590612, -0.368214)),
    _Classifier(1, 2, 2, 9, (-0.557409, -0.233035, 0.0534525)),
    _Classifier(2, 7, 3, 4, (-0.0646826, 0.00620476, 0.0784847)),
    _Classifier(2, 6, 2, 16, (-0.192387, -0.029699, 0.215855)),
    _Classifier(2, 1, 3, 2, (-0.0397818, -0.00568076, 0.0292026)),
    _Classifier(5, 10, 1, 15, (-0.53823, -0.369934, -0.190235)),
    _Classifier(3, 6, 2, 10, (-0.124877, 0.0296483, 0.139239)),
    _Classifier(2, 1, 1, 14, (-0.101475, 0.0225617, 0.231971)),
    _Classifier(3, 5, 6, 4, (-0.0799915, -0.00729616, 0.063262)),
    _Classifier(1, 9, 2, 12, (-0.272556, 0.019424, 0.302559)),
    _Classifier(3, 4, 2, 14, (-0.164292, -0.0321188, 0.0846339)),
)


def _parts(one: _Classifier) -> NDArray[np.float64]:
    """Weights [shape=(2, WINDOW_ROWS * PITCH_CLASSES)] that sum the parts which are held against one another.

    A part is a share of the area by rows and by pitch classes: the whole against nothing (0), upper half against lower
    (1), later against earlier (2), the diagonals (3), the middle third of the pitch classes (4) or of the rows (5)
    against the rest. What is left of a division by two goes to the later or upper part; of one by three, to the rest.
    """
    weights = np.zeros((2, WINDOW_ROWS, PITCH_CLASSES))
    area = weights[:, : one.width, one.lowest : one.lowest + one.height]
    half_rows, half_classes = one.width // 2, one.height // 2
    third_rows, third_classes = one.width // 3, one.height // 3
    first = np.zeros((one.width, one.height), bool)
    if one.shape == 0:
        area[0] = 1.0
        return weights.reshape(2, -1)
    if one.shape == 1:
        first[:, half_classes:] = True
    elif one.shape == 2:
        first[half_rows:] = True
    elif one.shape == 3:
        first[:half_rows, half_classes:] = first[half_rows:, :half_classes] = True
    elif one.shape == 4:
        first[:, third_classes : 2 * third_classes] = True
    else:
        first[third_rows : 2 * third_rows] = True
    area[0], area[1] = first, ~first
    return weights.reshape(2, -1)


_FIRST, _SECOND = np.stack([_parts(one) for one in _CLASSIFIERS], axis=2)
_THRESHOLDS = np.array([one.thresholds for one in _CLASSIFIERS])
_SHIFTS = np.arange(2 * (len(_CLASSIFIERS) - 1), -1, -2, dtype=np.uint32)


def sub_fingerprints(image: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Sub-fingerprints of all windows of `image`.

    Parameters
    ----------
    image : np.ndarray [shape=(rows, PITCH_CLASSES), each row of norm 1, or 0 where there is no sound]

    Returns
    -------
    np.ndarray [shape=(max(0, rows - 15),), uint32], the first classifier in the highest two bits.
    """
    if len(image) < WINDOW_ROWS:
        return np.zeros(0, np.uint32)
    windows = np.lib.stride_tricks.sliding_window_view(image, (WINDOW_ROWS, PITCH_CLASSES))
    windows = windows.reshape(len(image) - WINDOW_ROWS + 1, -1)
    compared = np.log1p(windows @ _FIRST) - np.log1p(windows @ _SECOND)
    ranges = (compared[:, :, np.newaxis] >= _THRESHOLDS).sum(axis=2)
    return np.asarray((_CODES[ranges] << _SHIFTS).sum(axis=1, dtype=np.uint32))
