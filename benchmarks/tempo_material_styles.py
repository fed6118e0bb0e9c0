"""What is usual: tempi of styles and dances, chords, instruments; for ``tempo_material``."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dance:
    """How tunes of one metre are played.

    written : the metre in ABC. beat : the note that is tapped. bpm : from the slowest to before the fastest.
    chords, drum : patterns of ``abc2midi`` for a bar.
    """

    written: str
    beat: str
    bpm: tuple[int, int]
    chords: str
    drum: str


DANCES = {
    "jig": Dance("6/8", "3/8", (88, 128), "fczfcz", "dzzdzz 35 35 90 70"),
    "slip-jig": Dance("9/8", "3/8", (90, 132), "fczfczfcz", "dzzdzzdzz 35 35 35 90 70 70"),
    "hornpipe": Dance("4/4", "1/4", (84, 126), "fzczfzcz", "dzddzdzd 35 42 42 38 42 90 60 60 80 60"),
    "common": Dance("C", "1/4", (84, 126), "fzczfzcz", "dzddzdzd 35 42 42 38 42 90 60 60 80 60"),
    "polka": Dance("2/4", "1/4", (80, 124), "fzczfzcz", "d2d2d2d2 35 38 35 38 90 80 90 80"),
    "waltz": Dance("3/4", "1/4", (92, 172), "fzczcz", "dzdzdz 35 42 42 90 60 60"),
}

#: Tempi by a part of a style's name; the first that is found counts.
_TEMPI = (
    ("slow|ballad|lullaby|serenade|bald|oldie", (58, 84)),
    ("fastbigband|fastswing|bebop|fastblues|dixie|bluegrass|quickstep|charleston|gypsy", (180, 230)),
    ("vienese|fastwaltz|fastjazzwaltz", (160, 200)),
    ("waltz|34", (88, 150)),
    ("hip|trip|thr", (80, 100)),
    ("dnb", (160, 176)),
    ("trance|techno|house|rave|dance|disco|boneym|electric", (118, 142)),
    ("punk|ska|metal|mtl|hrk", (120, 180)),
    ("reggae", (66, 90)),
    ("ambient|desert|hymn|spirit|bolero|beguine", (66, 100)),
    ("samba|merengue|quando|salsa|mambo|son|polka|calypso|zydeco|jive|twi", (110, 200)),
    ("bossa|rhumba|cha|tango|afro|latin|cuban|lfusion", (100, 140)),
    ("swing|jazz|basie|combo|bigband|broadway|evans|foxtrot", (112, 190)),
    ("march|68", (96, 126)),
    ("shuffle|boogie|boggie|western|country|cntry|ragtime|strut", (96, 170)),
    ("funk|rb|r\\+b|rnb|soul|motown|fus|16", (86, 118)),
    ("blues", (70, 130)),
)
_USUAL_TEMPI = (88, 150)

#: Files of MMA's library that hold no style.
NO_STYLE = "metronome|none|count|ending|intro|mide|^rd$"
#: Two of them stay on their chord for a bar more.
PROGRESSIONS = (
    "C Am F G",
    "Am F C G",
    "Dm7 G7 CM7 A7",
    "C F F G7",
    "Em C G D",
    "F G Em Am",
    "C7 F7 C7 G7",
    "Cm Fm G7 Cm",
    "Am Dm E7 Am",
    "G D Em C",
)
#: Of General MIDI: violin, flute, accordions, harmonica, banjo, guitar, sitar, bagpipe's kin, clarinet, piano.
PROGRAMS = (40, 73, 21, 22, 105, 15, 24, 110, 71, 0)


def tempi_of(style: str) -> tuple[float, float]:
    """The slowest and the fastest tempo that is usual for a style of this name."""
    return next((tempi for part, tempi in _TEMPI if re.search(part, style, re.IGNORECASE)), _USUAL_TEMPI)
