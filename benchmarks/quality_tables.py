"""The results of ``benchmarks.quality`` as the sections of docs/appendix/quality.md.

Input: what was measured, as kept on disk. Output: Markdown by the names of the page's markers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from benchmarks import (
    quality_confidence,
    quality_files,
    quality_key_changes,
    quality_keys,
    quality_mood,
    quality_rhythm,
)
from benchmarks.quality_distances import FEATURES
from benchmarks.quality_drift import bars, effect, spread
from benchmarks.tables import markdown_table

HEADER = ("value", "measured", "truth", "source", "tolerance", "verdict")
DRIFT_HEADER = ("feature", "unit", "tracks", "median", "95 %", "greatest", "of")
EFFECT_HEADER = (
    "against full analysis",
    "tracks cut",
    "BPM within 1 %",
    "key the same",
    "LUFS, greatest",
    "centroid, greatest %",
    "MFCC, greatest",
    "tags, least cosine",
)
PEERS = ("multifeature", "degara", "Percival")


def sections(results: dict[str, Any]) -> dict[str, str]:
    """Text by marker, of all that was measured."""
    made: dict[str, Callable[[], str]] = {
        "conformance": lambda: "\n\n".join((results["machine"], _verdict(results), *_conformance(results))),
        "tempi": lambda: _tempi(results["conformance"]["tempi"]),
        "rhythm": lambda: quality_rhythm.table(results["rhythm"]),
        "keys": lambda: quality_keys.table(results["keys"]),
        "key-changes": lambda: quality_key_changes.table(results["key-changes"]),
        "confidence": lambda: quality_confidence.table(results["confidence"]),
        "mood": lambda: quality_mood.table(results["mood"]),
        "files": lambda: quality_files.table(results["files"]),
        "drift": lambda: _drift(results["drift"]),
        "settings": lambda: _settings(results["drift"]),
    }
    needs = {"tempi": "conformance", "settings": "drift"}
    return {name: text() for name, text in made.items() if needs.get(name, name) in results}


def failures(results: dict[str, Any]) -> list[str]:
    """What did not reach its bar."""
    sections = results.get("conformance", {}).get("sections", {})
    missed = [row["name"] for rows in sections.values() for row in rows if not row["passed"]]
    missed += quality_files.unexplained(results.get("files", ()))
    missed += quality_rhythm.failures(results.get("rhythm", ()))
    missed += quality_keys.failures(results.get("keys", ()))
    missed += quality_key_changes.failures(results.get("key-changes", ()))
    missed += quality_confidence.failures(results.get("confidence", {}))
    missed += quality_mood.failures(results.get("mood", {}))
    bars = _bars(results["drift"]) if "drift" in results else []
    return missed + [name for name, _, _, reached in bars if not reached]


def _verdict(results: dict[str, Any]) -> str:
    rows = [row for rows in results["conformance"]["sections"].values() for row in rows]
    held = sum(row["passed"] for row in rows)
    without = (
        "" if results["conformance"]["truth"] else " The music has no TRUTH.tsv: no recording of known tempo or key."
    )
    return f"{held} of {len(rows)} values hold.{without}"


def _conformance(results: dict[str, Any]) -> Iterator[str]:
    for name, rows in results["conformance"]["sections"].items():
        if rows:
            yield f"### {name}"
            yield markdown_table(HEADER, [_cells(row) for row in rows])


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    verdict = "holds" if row["passed"] else "**does not hold**"
    return (
        row["name"],
        _number(row["measured"]),
        _number(row["truth"]),
        row["source"],
        row["tolerance"],
        verdict,
    )


def _number(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _tempi(tempi: list[dict[str, Any]]) -> str:
    if not tempi:
        return "The music has no TRUTH.tsv with tempi."
    header = ("recording", "true BPM", "ours", "confidence", *PEERS)
    rows = [
        (
            each["name"],
            f"{each['bpm']:g}",
            _tempo(each["ours"], each["bpm"]),
            f"{each['confidence']:.2f}",
            *(_tempo(each[peer], each["bpm"]) for peer in PEERS),
        )
        for each in tempi
    ]
    return markdown_table(header, rows)


def _tempo(bpm: float | None, truth: float) -> str:
    """The tempo, set apart where it is not the true one within 4 %."""
    if bpm is None:
        return "none"
    return f"{bpm:.1f}" if abs(bpm / truth - 1) <= 0.04 else f"*{bpm:.1f}*"


def _bars(drift: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    return bars(drift["settings"]["the defaults"]["distances"])


def _drift(drift: dict[str, Any]) -> str:
    names = [track["name"] for track in drift["tracks"]]
    distances = drift["settings"]["the defaults"]["distances"]
    minutes = sum(track["seconds"] for track in drift["tracks"]) / 60
    with_beat = sum(track["bpm"] is not None for track in drift["tracks"])
    about = f"{len(names)} tracks, {minutes:.1f} minutes; {with_beat} have a tempo in full analysis."
    reached = [(what, bar, measured, "yes" if held else "**no**") for what, bar, measured, held in _bars(drift)]
    return "\n\n".join(
        (
            about,
            markdown_table(("defaults against full", "bar", "measured", "reached"), reached),
            markdown_table(DRIFT_HEADER, [spread(feature, distances[feature.path], names) for feature in FEATURES]),
        )
    )


def _settings(drift: dict[str, Any]) -> str:
    return markdown_table(EFFECT_HEADER, [effect(name, figures) for name, figures in drift["settings"].items()])
