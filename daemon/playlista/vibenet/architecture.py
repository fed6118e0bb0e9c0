"""The shape of VibeNet's network: EfficientNet-B0 over 128 mel bands, its blocks and what each makes of the time axis.

Source: M. Tan and Q. Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019.
"""

from __future__ import annotations

from dataclasses import dataclass

from playlista.tracks.patches import VIBENET_BANDS

STEM_CHANNELS = 32
HEAD_CHANNELS = 1280

#: The values, in the order of the network's outputs.
VALUES = ("acousticness", "danceability", "energy", "instrumentalness", "liveness", "speechiness", "valence")
#: Those that are likelihoods: the network gives their log odds. The others it gives as they are, perhaps beyond 0..1.
LIKELIHOODS = frozenset({"acousticness", "instrumentalness", "liveness"})

#: Factor of expansion, taps, stride, channels out, repeats.
_STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)


@dataclass(frozen=True, slots=True)
class Block:
    """One block: expansion, a convolution of each channel by itself, a gate by the channel's mean, projection.

    stage, repeat : where it stands in the published network: ``features.{stage}.{repeat}``.
    channels_in, expanded, channels_out : before the expansion, after it, after the projection.
    taps, stride : of the convolution, on both axes.
    rows : frequency rows of its input.
    """

    stage: int
    repeat: int
    channels_in: int
    expanded: int
    channels_out: int
    taps: int
    stride: int
    rows: int

    @property
    def is_residual(self) -> bool:
        """Whether its input is added to its output."""
        return self.stride == 1 and self.channels_in == self.channels_out

    @property
    def reach(self) -> int:
        """Columns on either side that the convolution sees, zeros beyond the ends."""
        return self.taps // 2

    def columns_out(self, columns: int) -> int:
        """Length of the time axis after the convolution."""
        return (columns - 1) // self.stride + 1


def _blocks() -> tuple[Block, ...]:
    blocks, channels, rows = [], STEM_CHANNELS, VIBENET_BANDS // 2
    for stage, (factor, taps, stride, channels_out, repeats) in enumerate(_STAGES, 1):
        for repeat in range(repeats):
            step = stride if repeat == 0 else 1
            blocks.append(Block(stage, repeat, channels, channels * factor, channels_out, taps, step, rows))
            channels, rows = channels_out, rows // step
    return tuple(blocks)


BLOCKS = _blocks()
