"""Weights of the channels in the loudness sum, by their loudspeakers.

Input: the positions of the channels, by ffmpeg's names. Output: one factor for each channel's mean square.

ITU-R BS.1770-5 annex 1 gives +1.5 dB to loudspeakers at 60 to 120 degrees and below 30 degrees of elevation, 0 dB to
all others, and leaves low-frequency effects out. ffmpeg's ``ebur128`` gives the +1.5 dB to every loudspeaker at the
side or behind, also straight behind (BC) and above (TBL, TBC, TBR), and knows 5.1 with its surrounds called "back" or
"side". Files do not say at which angle the loudspeakers of a mix stood, and 5.1 surrounds are called "back" by half of
the formats, so we follow ffmpeg: its values are what people compare with.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FRONT, SURROUND, EFFECTS = 1.0, 1.41, 0.0

_WEIGHTS = {
    **dict.fromkeys(("LFE", "LFE2"), EFFECTS),
    **dict.fromkeys(("SL", "SR", "BL", "BR", "BC", "TBL", "TBC", "TBR", "SDL", "SDR"), SURROUND),
}


def channel_weights(layout: Sequence[str]) -> NDArray[np.float64]:
    """The factor of each channel's energy [shape=(channels,), float64]; an unknown position counts as front."""
    return np.array([_WEIGHTS.get(position, FRONT) for position in layout])
