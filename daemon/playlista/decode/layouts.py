"""Channel layouts: which loudspeaker each channel of a stream belongs to.

Input: a name, a mask of WAVEFORMATEXTENSIBLE, or a number of channels with the rules of a container. Output: a
``ChannelLayout``, the positions of the channels in the order of the samples. No file is opened here.

Names of channels and of layouts are those of ffmpeg (``ffmpeg -layouts``).
"""

from __future__ import annotations

import re
from typing import TypeAlias

#: Positions in the order of the samples: ("FL", "FR", "FC", "LFE", "BL", "BR"). Empty where nothing states them.
ChannelLayout: TypeAlias = tuple[str, ...]
UNKNOWN: ChannelLayout = ()

#: Bits of a channel mask from the lowest, as WAVEFORMATEXTENSIBLE defines the first 18; the others are ffmpeg's.
_MASK_BITS = (
    *("FL", "FR", "FC", "LFE", "BL", "BR", "FLC", "FRC", "BC", "SL", "SR"),
    *("TC", "TFL", "TFC", "TFR", "TBL", "TBC", "TBR"),
)

_NAMES: dict[str, str] = {
    "mono": "FC",
    "stereo": "FL+FR",
    "2.1": "FL+FR+LFE",
    "3.0": "FL+FR+FC",
    "3.0(back)": "FL+FR+BC",
    "4.0": "FL+FR+FC+BC",
    "quad": "FL+FR+BL+BR",
    "quad(side)": "FL+FR+SL+SR",
    "3.1": "FL+FR+FC+LFE",
    "5.0": "FL+FR+FC+BL+BR",
    "5.0(side)": "FL+FR+FC+SL+SR",
    "4.1": "FL+FR+FC+LFE+BC",
    "5.1": "FL+FR+FC+LFE+BL+BR",
    "5.1(side)": "FL+FR+FC+LFE+SL+SR",
    "6.0": "FL+FR+FC+BC+SL+SR",
    "6.0(front)": "FL+FR+FLC+FRC+SL+SR",
    "3.1.2": "FL+FR+FC+LFE+TFL+TFR",
    "hexagonal": "FL+FR+FC+BL+BR+BC",
    "6.1": "FL+FR+FC+LFE+BC+SL+SR",
    "6.1(back)": "FL+FR+FC+LFE+BL+BR+BC",
    "6.1(front)": "FL+FR+LFE+FLC+FRC+SL+SR",
    "7.0": "FL+FR+FC+BL+BR+SL+SR",
    "7.0(front)": "FL+FR+FC+FLC+FRC+SL+SR",
    "7.1": "FL+FR+FC+LFE+BL+BR+SL+SR",
    "7.1(wide)": "FL+FR+FC+LFE+BL+BR+FLC+FRC",
    "7.1(wide-side)": "FL+FR+FC+LFE+FLC+FRC+SL+SR",
    "5.1.2": "FL+FR+FC+LFE+SL+SR+TFL+TFR",
    "5.1.2(back)": "FL+FR+FC+LFE+BL+BR+TFL+TFR",
    "octagonal": "FL+FR+FC+BL+BR+BC+SL+SR",
    "cube": "FL+FR+BL+BR+TFL+TFR+TBL+TBR",
    "5.1.4": "FL+FR+FC+LFE+SL+SR+TFL+TFR+TBL+TBR",
    "5.1.4(back)": "FL+FR+FC+LFE+BL+BR+TFL+TFR+TBL+TBR",
    "7.1.2": "FL+FR+FC+LFE+BL+BR+SL+SR+TFL+TFR",
    "7.1.4": "FL+FR+FC+LFE+BL+BR+SL+SR+TFL+TFR+TBL+TBR",
    "7.2.3": "FL+FR+FC+LFE+BL+BR+SL+SR+TFL+TFR+TBC+LFE2",
    "9.1.4": "FL+FR+FC+LFE+BL+BR+FLC+FRC+SL+SR+TFL+TFR+TBL+TBR",
    "9.1.6": "FL+FR+FC+LFE+BL+BR+FLC+FRC+SL+SR+TFL+TFR+TBL+TBR+TSL+TSR",
    "hexadecagonal": "FL+FR+FC+BL+BR+BC+SL+SR+TFL+TFC+TFR+TBL+TBC+TBR+WL+WR",
    "binaural": "BIL+BIR",
    "downmix": "DL+DR",
    "22.2": "FL+FR+FC+LFE+BL+BR+FLC+FRC+BC+SL+SR+TC+TFL+TFC+TFR+TBL+TBC+TBR+LFE2+TSL+TSR+BFC+BFL+BFR",
}
_LAYOUTS: dict[str, ChannelLayout] = {name: tuple(channels.split("+")) for name, channels in _NAMES.items()}
_NAME_OF = {frozenset(layout): name for name, layout in _LAYOUTS.items()}
#: ffmpeg's description of a layout without a name: "4 channels (FL+FR+LFE+BC)".
_LISTED = re.compile(r"^\d+ channels \(([A-Z0-9+]+)\)$")

#: What ffmpeg takes where a file states no layout and its format has no rule of its own. (16: from version 7 on it
#: takes 9.1.6, which is 0.3 LU apart.)
_DEFAULTS = dict(enumerate(("mono", "stereo", "2.1", "4.0", "5.0", "5.1", "6.1", "7.1"), start=1)) | {
    16: "hexadecagonal",
    24: "22.2",
}
#: RFC 9639 (FLAC) section 9.1.3: what a number of channels means where no mask says otherwise.
_FLAC = dict(enumerate(("mono", "stereo", "3.0", "quad", "5.0(side)", "5.1(side)", "6.1", "7.1"), start=1))
#: Vorbis I specification section 4.3.9, and RFC 7845 section 5.1.1.2 for Opus: the order is neither that of WAV nor of
#: FLAC. The surrounds are called back or side as ffmpeg does.
_VORBIS: dict[int, ChannelLayout] = {
    1: ("FC",),
    2: ("FL", "FR"),
    3: ("FL", "FC", "FR"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FC", "FR", "BL", "BR"),
    6: ("FL", "FC", "FR", "BL", "BR", "LFE"),
    7: ("FL", "FC", "FR", "SL", "SR", "BC", "LFE"),
    8: ("FL", "FC", "FR", "SL", "SR", "BL", "BR", "LFE"),
}


def default_layout(channels: int) -> ChannelLayout:
    """The layout of `channels` channels where nothing states it; empty where there is no usual one."""
    return _LAYOUTS.get(_DEFAULTS.get(channels, ""), UNKNOWN)


def flac_layout(channels: int) -> ChannelLayout:
    """The layout of a FLAC stream of 1 to 8 `channels` without a channel mask."""
    return _LAYOUTS.get(_FLAC.get(channels, ""), UNKNOWN)


def vorbis_layout(channels: int) -> ChannelLayout:
    """The layout of Vorbis, and of Opus with mapping family 0 or 1; empty above 8 channels, where none is defined."""
    return _VORBIS.get(channels, UNKNOWN)


def mask_layout(mask: int, channels: int) -> ChannelLayout:
    """The layout of a channel mask; empty where the mask does not name as many loudspeakers as there are `channels`."""
    if mask.bit_count() != channels or mask >> len(_MASK_BITS):
        return UNKNOWN
    return tuple(name for bit, name in enumerate(_MASK_BITS) if mask >> bit & 1)


def named_layout(name: str) -> ChannelLayout:
    """The layout that ffmpeg calls `name`; empty where that names no loudspeakers ("6 channels", "ambisonic 1")."""
    listed = _LISTED.match(name)
    if listed:
        return tuple(listed[1].split("+"))
    return _LAYOUTS.get(name, tuple(name.split("+")) if "+" in name else UNKNOWN)


def layout_name(layout: ChannelLayout) -> str | None:
    """What to call `layout`, whatever its order: "5.1(side)", else its channels: "FL+FR+TC"; None if unknown."""
    return _NAME_OF.get(frozenset(layout), "+".join(layout)) if layout else None
