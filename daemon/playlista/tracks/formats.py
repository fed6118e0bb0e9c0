"""What is known of audio formats by their names, as ``StreamInfo.format`` and `Audio.format` have them.

Input: a name in capitals, such as "FLAC". Output: whether the format loses anything.
"""

from __future__ import annotations

#: Formats that keep every sample, besides those whose names begin with "PCM_".
_LOSSLESS = frozenset(
    {
        *("WAV", "RF64", "W64", "AIFF", "AU", "CAF", "VOC", "IRCAM", "NIST", "SVX", "AVR", "PAF", "FLAC", "ALAC"),
        *("WAVPACK", "APE", "TTA", "TAK", "WMALOSSLESS", "SHORTEN", "MLP", "TRUEHD", "MP4ALS"),
    }
)


def keeps_every_sample(name: str) -> bool:
    """Whether the format keeps every sample as it was given to the encoder. DSD has no samples of this kind."""
    return name in _LOSSLESS or name.startswith("PCM_")


def is_lossless(name: str) -> bool:
    """Whether nothing of the recording is lost in the format; true of DSD, too."""
    return keeps_every_sample(name) or name.startswith("DSD")
