"""Results are passed on as they are stored, byte for byte what the objects would be written as."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from playlista.errors import FailureReason
from playlista.library import sealed_text
from playlista.library.quick_json import digits_of, numbers_of, orjson, read
from playlista.library.result_parts import parts_of
from playlista.library.result_text import of_nine_digits, result_text
from playlista.library.sealed_text import sections_of, text_to_store
from playlista.library.stored_results import DamagedResultError, StoredResult, StoredResults
from playlista.outputs import csv_table
from playlista.printable import printable_json, printable_json_text
from playlista.tracks import (
    Analysis,
    Chapter,
    Health,
    IntegrityState,
    Loudness,
    MemoryUse,
    Rhythm,
    Spectral,
    Status,
    Tagging,
    Tonal,
    Vibenet,
)
from playlista.tracks.fingerprint import BANDS, fingerprint_of
from playlista.tracks.metadata import Metadata
from playlista.tracks.origin import Origin
from tests.libraries import Parts, analysis_of, failed_analysis, open_parts, track_file
from tests.moods import tagging_of

#: All that JSON, CSV, terminals and spreadsheets take for something else.
HOSTILE = '=HYPERLINK("a"), {"audio": null}, ], "rhythm": [1] \\ "\\u0041 \x1b[2J \u2028 ☺ \U0001f3b5'
SPECTRUM = Spectral(1234.5, 5000.25, 0.125, 0.5, 0.0625, (1.5, 2.5), (-1e-07, 3.0), (1e16, 0.1))
FAULTS = Health(
    IntegrityState.MISMATCH,
    HOSTILE,
    lossy_suspicion=0.75,
    suspicion_evidence=("a wall at 16 kHz", HOSTILE),
    clipped_runs=5,
    longest_clipped_samples=9,
    dc_offset=-0.02,
    is_mono=True,
    dropouts=1,
    positions={"clipped": (0.5, 1.25), "dropouts": (62.0,)},
)
WHOLE = replace(
    analysis_of("whole.flac"),
    rhythm=Rhythm(120.5, 0.75, 3, 2.5, None, ((120.5, 0.6), (60.25, 0.4)), ((0.0, 120.5), (9.5, 60.0)), "9AH0AQ=="),
    spectral=SPECTRUM,
    tagging=tagging_of(metal=0.8, jazz=0.1),
    health=FAULTS,
    settings={"rhythm": {"sample_rate_hz": 22050, "bit_depth": 16}, "health": {}},
    memory=MemoryUse(1, 2, 3),
    fingerprint=fingerprint_of(np.arange(1, 40, dtype=np.uint32), np.full((3, BANDS), 0.25)),
    metadata=Metadata("=Title", HOSTILE, "Ä", None, 1, 2, 1999, ("Rock", "Pop"), compilation=False, has_cover=True),
    chapters=(Chapter.of(0, 9.5, "First"), Chapter.of(9.5, None, HOSTILE)),
)

RECORDED = {
    "whole": WHOLE,
    "without chapters and health": replace(WHOLE, path="b.mp3", chapters=(), health=None, metadata=None),
    "without tags": replace(WHOLE, path="c.mp3", tagging=None),
    "silent": replace(WHOLE, path="d.mp3", loudness=Loudness(None, None, None, None), spectral=None, rhythm=None),
    "silent with a spectrum": replace(WHOLE, path="e.mp3", loudness=Loudness(None, None, None, None)),
    "without a key": replace(WHOLE, path="f.mp3", tonal=Tonal(None, None, None, None, None)),
    "heard": replace(WHOLE, path="l.mp3", vibenet=Vibenet(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1.0)),
    "heard without more": Analysis(
        "m.mp3", Status.ANALYZED, vibenet=Vibenet(0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7), versions={"vibenet": 1}
    ),
    "partial": replace(WHOLE, path="g.mp3", status=Status.PARTIAL, reason=FailureReason.CORRUPT, detail=HOSTILE),
    "failed": failed_analysis("=1+1.mp3"),
    "quarantined": Analysis("h.mp3", Status.QUARANTINED, FailureReason.CRASHED, "killed twice"),
    "with groups of an earlier attempt": replace(WHOLE, path="i.mp3", status=Status.FAILED, detail="gone bad"),
    "with a name that is not UTF-8": replace(WHOLE, path='j "\udcff\n.mp3'),
    "of another network": replace(WHOLE, path="k.mp3", tagging=Tagging({"x": 0.5}, (1.0, -2.5), 1, True, "numpy")),
}


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    with open_parts(tmp_path, synced=False) as opened:
        yield opened


def stored(parts: Parts, analysis: Analysis) -> StoredResult:
    """The result as the library holds it."""
    parts.queue.enqueue([track_file(analysis.path)], "retry")
    job = parts.queue.claim()
    assert job is not None
    parts.queue.finish(job, analysis)
    (found,) = StoredResults(parts.database).of_ids([job.file_id])
    return found


def table_of(results: list[StoredResult]) -> list[bytes]:
    return list(csv_table.csv_lines(results))


def assert_same(result: StoredResult, monkeypatch: pytest.MonkeyPatch) -> None:
    """The result is written, as JSON and in a table, as its object is; and its line as csv writes it."""
    assert result_text(result) == json.dumps(result.analysis().to_json())
    line = table_of([result])
    monkeypatch.setattr(csv_table, "_plain_line", lambda _cells: None)
    assert line == table_of([result])
    monkeypatch.setattr(csv_table, "_todays", lambda stored: {}["what today's results have"])
    assert line == table_of([result])


@pytest.mark.parametrize("name", RECORDED)
def test_what_is_recorded_is_written_without_an_object(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    result = stored(parts, RECORDED[name])
    assert sections_of(result.text) is not None
    assert_same(result, monkeypatch)


@pytest.mark.parametrize("name", RECORDED)
def test_what_was_recorded_before_there_were_seals_is_written_without_an_object(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    result = stored(parts, RECORDED[name])
    document = json.loads(result.text)
    del document["seal"], document["mood"]
    document["versions"].pop("mood", None)
    before = result._replace(text=json.dumps(document))
    assert sections_of(before.text) is None
    assert parts_of(before.text) is not None
    assert result_text(before) == result_text(result)
    assert_same(before, monkeypatch)


def test_a_seal_fits_no_other_text_and_no_other_version(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    result = stored(parts, WHOLE)
    assert sections_of(result.text.replace("120.5", "121.5")) is None
    assert sections_of(result.text.replace(', "seal', ' , "seal')) is None
    assert sections_of(re.sub(r"(?<=seal....)\d", "9", result.text)) is None
    assert sections_of(result.text[:-1]) is None
    with monkeypatch.context() as context:
        context.setattr(sealed_text, "_FORM", sealed_text._FORM + 1)
        assert sections_of(result.text) is None
        assert_same(result, context)


def test_names_among_tags_versions_and_settings_are_not_taken_for_groups(parts: Parts) -> None:
    names = dict.fromkeys(("tags", "tagging", "vibenet", "seal"), 1)
    tagging = Tagging(dict.fromkeys((*names, "mood"), 0.5), (1.0,), 1, False, "numpy")
    analysis = replace(WHOLE, tagging=tagging, versions=names, settings=dict.fromkeys(names, names), vibenet=None)
    result = stored(parts, analysis)
    assert sections_of(result.text) is not None
    assert result_text(result) == json.dumps(result.analysis().to_json())


def without(*names: str) -> Callable[[dict[str, object]], object]:
    return lambda document: [document.pop(name) for name in names]


OLD_OR_NEW: dict[str, Callable[[dict[str, object]], object]] = {
    "version 0.1": without("settings", "health", "chapters", "detail"),
    "a group without a field that came later": lambda document: document["rhythm"].pop("beat_grid"),  # type: ignore[attr-defined]
    "a group that a newer version added": lambda document: document.update(stems={"vocals": 1}),
    "a field that a newer version added": lambda document: document["audio"].update(stems=[1]),  # type: ignore[attr-defined]
    "a field of chapters that a newer version added": lambda document: document["chapters"][1].update(picture=1),  # type: ignore[index]
    "a reason that a newer version added": lambda document: document.update(reason="moonlight"),
    "fields in another order": lambda document: document.update(status=document.pop("status")),
    "versions of derived values": lambda document: document["versions"].update(mood=7),  # type: ignore[attr-defined]
    "a number that is not finite": lambda document: document["loudness"].update(range_lu=float("nan")),  # type: ignore[attr-defined]
    "a text in place of a number": lambda document: document["rhythm"].update(bpm="=1,5"),  # type: ignore[attr-defined]
    "half a pair of surrogates": lambda document: document.update(detail="\udcff"),
    "tags without what they were made by": lambda document: document.update(tagging=None),
}


@pytest.mark.parametrize("name", OLD_OR_NEW)
def test_results_of_other_versions_are_written_as_this_one_reads_them(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    result = stored(parts, WHOLE)
    document = json.loads(result.text)
    OLD_OR_NEW[name](document)
    other = result._replace(text=json.dumps(document), old_settings=json.dumps({"rhythm": {"bit_depth": 16}}))
    assert_same(other, monkeypatch)


def test_a_result_that_sqlite_wrote_is_written_as_ours(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    result = stored(parts, WHOLE)
    with parts.database.read() as connection:
        text = connection.execute("SELECT json_set(?, '$.loudness.range_lu', 4.5)", (result.text,)).fetchone()[0]
    assert_same(result._replace(text=text), monkeypatch)


@given(st.text(), st.text(), st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_no_text_is_taken_for_structure(detail: str, title: str, evidence: str, number: float) -> None:
    analysis = replace(
        WHOLE,
        detail=detail,
        chapters=(Chapter(number, None, title),),
        health=replace(FAULTS, suspicion_evidence=(evidence, "b"), dc_offset=number),
        fingerprint=None,
    )
    vector = np.asarray(analysis.tagging.embedding, "<f4").tobytes()  # type: ignore[union-attr]
    result = StoredResult(1, analysis.path, text_to_store(analysis), vector, None, None, None, None)
    assert sections_of(result.text) is not None
    assert parts_of(result.text) is not None
    assert result_text(result) == json.dumps(result.analysis().to_json())


@pytest.mark.skipif(orjson is None, reason="orjson is not installed")
@given(st.lists(st.floats(width=32), max_size=20))
@example([1e-5, -9.999e-5, 1e-4, 2.0**53, 1e16, 3e38, -0.0, 10.00001, 1e-45])
def test_digits_are_those_of_python(numbers: list[float]) -> None:
    vector = np.asarray(numbers, "<f4").tobytes()
    assert digits_of(vector).decode() == json.dumps(numbers_of(vector))[1:-1]


PLAIN = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1)
CELLS = PLAIN | st.text(st.characters(exclude_categories=["Cs"])) | st.lists(PLAIN, max_size=2)


@given(st.lists(CELLS, max_size=5))
@example([1e-05, 0.5, 0.0001, -0.0, 44100])
@example([1e16, 2.0**53, 1e15, 0.00012345678901234567])
@example([[1.5, 2.5]])
@example([[], {}, "[]"])
@example(["null", "nullify", None, "true", "false", True, False])
@example(["=1", "a=1", "-", "a,null", "e-1", "", "\x7f", "\0", "\r"])
def test_a_plain_line_is_what_csv_writes(cells: list[object]) -> None:
    cells = ["a/b.mp3", *cells, *[None] * (len(csv_table._NAMES) - len(cells) - 1)]
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerow(map(csv_table._harmless, cells))
    assert csv_table._plain_line(cells) in (None, written.getvalue().removesuffix("\r\n").encode())


@pytest.mark.skipif(orjson is None, reason="orjson is not installed")
def test_an_ordinary_line_is_plain(parts: Parts) -> None:
    ordinary = replace(
        WHOLE, health=Health(), metadata=Metadata("Ä", "B [live]", "C-D", "E: F", 1, genres=("Rock", "Pop"))
    )
    cells, line = csv_table._cells_of(stored(parts, ordinary))
    assert line is not None
    assert line.decode().split(",") == ["" if cell is None else str(cell) for cell in cells]


@given(
    st.dictionaries(
        st.text(), st.floats(allow_nan=False) | st.text() | st.integers(-(2**63), 2**63 - 1) | st.none() | st.booleans()
    )
)
@example({"a": "\udcff", "b": 2**63 - 1, "c": float("inf")})
def test_json_reads_as_python_reads_it(document: dict[str, object]) -> None:
    found = read(json.dumps(document))
    assert found == document
    assert list(map(type, found.values())) == list(map(type, document.values()))


def test_pages_in_one_row_hold_the_same(parts: Parts) -> None:
    for analysis in RECORDED.values():
        stored(parts, analysis)
    pages = StoredResults(parts.database, in_one_row=True)
    expected = list(StoredResults(parts.database).iterate())
    assert list(pages.iterate(page_rows=3)) == expected
    ids = [one.file_id for one in expected]
    assert list(pages.of_ids(reversed(ids), page_rows=3)) == expected[::-1]


@given(st.text())
@example('\\u0041 \\\\u00e9 \ud800 \U0001f3b5 \x7f \x9b \u202e "')
def test_json_on_a_terminal_is_the_same_by_its_text_as_by_its_object(text: str) -> None:
    document = {"path": text, "detail": None}
    assert printable_json_text(json.dumps(document)) == printable_json(document)


def test_nine_digits_are_the_same_float32_and_a_text_is_one_object(parts: Parts) -> None:
    chance = np.random.default_rng(3).normal(size=200).astype("f4")
    tagging = replace(WHOLE.tagging, embedding=tuple(chance.tolist()))  # type: ignore[type-var]
    text = result_text(stored(parts, replace(WHOLE, tagging=tagging)), write_numbers=of_nine_digits)
    pairs = json.loads(text, object_pairs_hook=list)
    assert len(pairs) == len({name for name, _ in pairs}), "no name twice"
    assert np.array_equal(np.array(dict(pairs)["embedding"], "f4"), chance)


def test_results_come_in_pages_by_path_and_by_ids(parts: Parts) -> None:
    ids = {name: stored(parts, replace(analysis_of(name), metadata=Metadata(name))).file_id for name in "dbeac"}
    library = StoredResults(parts.database)
    assert [one.path for one in library.iterate(page_rows=2)] == list("abcde")
    assert [one.path for one in library.iterate(after="b", page_rows=2)] == list("cde")
    assert [one.path for one in library.iterate(status=Status.FAILED)] == []
    wanted = [ids["c"], 999, ids["e"], ids["a"]]
    assert [one.path for one in library.of_ids(wanted, page_rows=2)] == ["c", "e", "a"]


DAMAGES = {
    "cut short": lambda text: text[:200],
    "empty": lambda _: "",
    "of another kind": lambda _: "[]",
    "with a wrong word": lambda text: text.replace('"mismatch"', '"perfect"'),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_result_is_named_with_what_to_do(parts: Parts, damage: Callable[[str], str]) -> None:
    result = stored(parts, WHOLE)
    damaged = result._replace(text=damage(result.text))
    for reading in (damaged.analysis, lambda: table_of([damaged])):
        with pytest.raises(DamagedResultError, match=r"^whole\.flac: its stored result is damaged; .*playlista retry"):
            reading()


def test_an_embedding_that_is_cut_is_named_too(parts: Parts) -> None:
    result = stored(parts, WHOLE)
    with pytest.raises(DamagedResultError, match=r"^whole\.flac"):
        result_text(result._replace(vector=(result.vector or b"")[:-1]))


def test_a_result_with_line_breaks_spoils_no_page(parts: Parts) -> None:
    ids = [stored(parts, analysis_of(name)).file_id for name in ("a.mp3", "b.mp3")]
    with parts.database.transaction() as connection:
        (text,) = connection.execute("SELECT result FROM analyses WHERE file_id = ?", ids[:1]).fetchone()
        broken = json.dumps(json.loads(text), indent=1)
        connection.execute("UPDATE analyses SET result = ? WHERE file_id = ?", (broken, ids[0]))
    first, second = StoredResults(parts.database, in_one_row=True).page()
    assert (first.path, second.path) == ("a.mp3", "b.mp3")
    assert json.loads(result_text(first))["status"] == "analyzed"


def test_a_damaged_result_does_not_keep_a_new_one_away(parts: Parts) -> None:
    origin = Origin(content=b"c" * 32, encoded=b"e" * 32, opening=b"o" * 32)
    file_id = stored(parts, replace(analysis_of("a.mp3"), origin=origin)).file_id
    with parts.database.transaction() as connection:
        connection.execute("UPDATE analyses SET result = substr(result, 1, 200)")
    store = parts.store
    assert store.readable(file_id) is None
    assert store.with_content(b"c" * 32) == store.with_encoded(b"e" * 32) == store.with_opening(b"o" * 32) == []
    store.record_failure(file_id, replace(failed_analysis("a.mp3"), origin=origin), attempts=1, changed=False)
    assert store.get("a.mp3") is not None
