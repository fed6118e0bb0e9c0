"""The table "mood": energy, voice and moods of twenty known recordings, and what it costs to derive them.

Input: the rows of ``quality_mood_heard``, as plain types. Output: Markdown, and what contradicts what a listener hears.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.tables import markdown_table

Row = dict[str, Any]

#: Of the recordings so many may contradict what is heard: no mood of a machine is always right.
MOST_CONTRADICTED = 2


def sings(row: Row) -> bool:
    """Whether a voice is found."""
    return bool(row["voice"] > 0.5)


def is_calm(row: Row) -> bool:
    """Whether little energy and the mood "calm" are found, and no voice."""
    return bool(row["energy"] < 0.3 and row["moods"]["calm"] >= 0.8 and row["voice"] < 0.5)


def is_lively(row: Row) -> bool:
    """Whether much energy and no calm are found."""
    return bool(row["energy"] > 0.4 and row["moods"]["calm"] < 0.5)


def is_soft(row: Row) -> bool:
    """Whether little energy is found."""
    return bool(row["energy"] < 0.4)


def plays(row: Row) -> bool:
    """Whether no voice is found."""
    return not sings(row)


def sings_softly(row: Row) -> bool:
    """A voice, and little energy."""
    return sings(row) and is_soft(row)


def plays_softly(row: Row) -> bool:
    """No voice, and little energy."""
    return plays(row) and is_soft(row)


#: Recordings in the folder of music, with what is heard in them and what a listener would call wrong.
RECORDINGS: dict[str, tuple[str, Callable[[Row], bool]]] = {
    "librosa-data/audio/Karissa_Hobbs_-_Lets_Go_Fishin.hq.ogg": ("folk song, a woman sings", sings),
    "mirdata/tests/resources/mir_datasets/vocadito/Audio/vocadito_1.wav": (
        "somebody sings alone",
        sings_softly,
    ),
    "librosa-data/audio/198-209-0000.hq.ogg": ("a woman reads", sings_softly),
    "librosa-data/audio/3436-172162-0000.hq.ogg": ("a man reads", sings_softly),
    "librosa-data/audio/5703-47212-0000.hq.ogg": ("a man reads", sings_softly),
    "librosa-data/audio/Kevin_MacLeod_-_Vibe_Ace.hq.ogg": ("light jazz with vibraphone", plays),
    "librosa-data/audio/Kevin_MacLeod_-_P_I_Tchaikovsky_Dance_of_the_Sugar_Plum_Fairy.hq.ogg": (
        "celesta and orchestra, soft",
        plays_softly,
    ),
    "librosa-data/audio/Hungarian_Dance_number_5_-_Allegro_in_F_sharp_minor_(string_orchestra).hq.ogg": (
        "string orchestra, lively",
        plays,
    ),
    "librosa-data/audio/sorohanro_-_solo-trumpet-06.hq.ogg": ("trumpet alone", plays),
    "pyloudnorm/tests/data/piano.wav": ("quiet piano", is_calm),
    "sonic-pi/etc/samples/ambi_piano.flac": ("one piano chord, dying away", is_calm),
    "sonic-pi/etc/samples/guit_em9.flac": ("guitar, plucked slowly", is_calm),
    "sonic-pi/etc/samples/ambi_glass_hum.flac": ("humming glass", is_calm),
    "sonic-pi/etc/samples/ambi_drone.flac": ("drone", is_calm),
    "sonic-pi/etc/samples/loop_drone_g_97.flac": ("drone with a slow beat", is_soft),
    "sonic-pi/etc/samples/arovane_beat_a.flac": ("electronic beat", is_lively),
    "sonic-pi/etc/samples/loop_amen_full.flac": ("breakbeat on drums", is_lively),
    "sonic-pi/etc/samples/loop_breakbeat.flac": ("breakbeat on drums", is_lively),
    "sonic-pi/etc/samples/loop_garzul.flac": ("techno", is_lively),
    "sonic-pi/etc/samples/loop_compus.flac": ("drum and bass", is_lively),
}


def table(measured: dict[str, Any]) -> str:
    """The recordings from calm to intense, then the cost."""
    rows: Sequence[Row] = sorted(measured["rows"], key=lambda row: row["energy"])
    if not rows:
        return "No recordings whose sound is known."
    cells = [
        (
            _name(row),
            RECORDINGS[row["path"]][0],
            f"{row['energy']:.2f}",
            f"{row['voice']:.2f}",
            _moods(row),
            _verdict(row),
        )
        for row in rows
    ]
    wrong = len(contradicted(rows))
    cost = (
        f"{len(rows) - wrong} of {len(rows)} as a listener hears them. To derive a mood takes "
        f"{measured['microseconds']:.0f} µs of CPU a track, and no memory "
        "beyond the result's: what it follows from is there."
    )
    return "\n\n".join((markdown_table(("recording", "heard", "energy", "voice", "moods", "as heard"), cells), cost))


def contradicted(rows: Sequence[Row]) -> list[str]:
    """The recordings whose values contradict what is heard."""
    return [_name(row) for row in rows if not RECORDINGS[row["path"]][1](row)]


def failures(measured: dict[str, Any]) -> list[str]:
    """Those recordings where they are too many."""
    wrong = contradicted(measured.get("rows", ()))
    return [f"mood of {name}" for name in wrong] if len(wrong) > MOST_CONTRADICTED else []


def _name(row: Row) -> str:
    return row["path"].rpartition("/")[2].removesuffix(".hq.ogg").replace("_", " ")[:44]


def _moods(row: Row) -> str:
    strong = sorted(
        (name for name, value in row["moods"].items() if value >= 0.8), key=lambda name: -row["moods"][name]
    )
    return ", ".join(f"{name} {row['moods'][name]:.2f}" for name in strong) or "none"


def _verdict(row: Row) -> str:
    return "yes" if RECORDINGS[row["path"]][1](row) else "**no**"
