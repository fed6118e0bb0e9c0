"""The report on one track: whole by itself, true to the library, and safe whatever the tags say."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from playlista.errors import FailureReason
from playlista.features.health.pictures import ChannelWave, SpectrumCurve, Waveform
from playlista.library.copies import Copies
from playlista.outputs.report.document import CONTENT_POLICY, REPORT, write_report
from playlista.outputs.report.drawings import spectrum_svg, waveform_svg
from playlista.outputs.report.style import STYLE
from playlista.outputs.report.subject import NoPicturesError, read_pictures, read_subject
from playlista.tracks import Analysis, Audio, Status, TrackFile
from playlista.tracks.finding_words import WORDS
from playlista.tracks.findings import Finding
from playlista.tracks.health import Health, Integrity, IntegrityState
from playlista.tracks.metadata import Metadata
from tests import signals
from tests.libraries import Parts, analysis_of, open_parts, track_file

HOSTILE = "</style><script>alert(1)</script>\u202e\u2067\"'&" + "x" * 500
SICK = Health(
    clipped_runs=12, longest_clipped_samples=9, dropouts=1, positions={"clipped": (1.0,), "dropouts": (1.5, 600.0)}
)


class Reader(HTMLParser):
    """The elements and the visible text of a document."""

    def __init__(self, document: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._style = False
        self.feed(document.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._style = False

    def handle_data(self, data: str) -> None:
        if not self._style:
            self.text += data


def add(parts: Parts, result: Analysis, file: TrackFile | None = None) -> int:
    """Put `result` into the library; the id of its row."""
    parts.queue.enqueue([file or track_file(result.path)], "scan")
    job = parts.queue.claim()
    assert job is not None
    parts.queue.finish(job, result)
    known = parts.library.get(result.path)
    assert known is not None
    return known.file_id


def sick(path: str, **values: object) -> Analysis:
    audio = Audio(2.0, 2.0, 2.0, 44100, 2, "FLAC", truncated=False)
    return replace(analysis_of(path), audio=audio, health=SICK, **values)


def report_on(parts: Parts, path: str, place: Path | None) -> bytes:
    known = parts.library.get(path)
    assert known is not None
    subject = read_subject(parts.database, known, None if place is None else str(place), clock=parts.clock)
    assert subject is not None
    return write_report(subject)


def written(folder: Path, name: str) -> tuple[Path, TrackFile]:
    """A song of two seconds, and its file as the library knows it."""
    path = signals.write(folder / name, np.stack([signals.noise(2)] * 2, axis=1))
    return path, TrackFile.from_stat(name, path.stat())


def test_a_report_says_each_finding_with_its_meaning_and_draws_it(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        path, file = written(tmp_path, "a.flac")
        add(parts, sick("a.flac"), file)
        document = Reader(report_on(parts, "a.flac", path))
    for finding in (Finding.CLIPPED, Finding.DROPOUTS):
        words = WORDS[finding]
        for said in (words.name, words.meaning, words.certainty, words.advice):
            assert said in document.text
    assert "12 runs at the ceiling from 0:01 on" in document.text
    assert sum(tag == "svg" for tag, _ in document.elements) == 3  # the spectrum, a clip, a dropout
    assert "1 more could not be reached" in document.text
    assert "2 things were found" in document.text


def test_a_report_needs_nothing_from_elsewhere_and_runs_nothing(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        path, file = written(tmp_path, "a.flac")
        add(parts, sick("a.flac"), file)
        content = report_on(parts, "a.flac", path)
    document = Reader(content)
    names = {name for _, attributes in document.elements for name in attributes}
    assert not names & {"src", "href", "style"}
    assert not [name for name in names if name.startswith("on")]
    assert not {tag for tag, _ in document.elements} & {"script", "link", "img", "iframe", "a"}
    assert b"http" not in content
    style = re.search(b"<style>(.*)</style>", content, re.DOTALL)
    assert style is not None
    assert base64.b64encode(hashlib.sha256(style[1]).digest()).decode() in CONTENT_POLICY
    assert "light-dark(" in STYLE
    assert "@media print" in STYLE


def test_names_and_evidence_stay_text(tmp_path: Path) -> None:
    names = Metadata(HOSTILE, HOSTILE, None, HOSTILE)
    with open_parts(tmp_path) as parts:
        add(parts, replace(sick(f"{HOSTILE[:40]}/a.flac"), metadata=names))
        path = f"{HOSTILE[:40]}/a.flac"
        with parts.database.transaction() as connection:
            connection.execute("UPDATE track_findings SET evidence = ?", (HOSTILE,))
        content = report_on(parts, path, None)
    document = Reader(content)
    assert b"<script" not in content
    assert content.count(b"</style>") == 1
    assert document.text.count("alert(1)") >= 5
    assert "x" * 400 not in document.text
    assert content.count("\u2067".encode()) == content.count("\u2069".encode())


def test_a_name_that_is_not_unicode_is_written_all_the_same(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        add(parts, sick("\udcff\udc80.flac"))
        assert "\ufffd" in report_on(parts, "\udcff\udc80.flac", None).decode()


def test_copies_are_told_with_the_best_one_first(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        worse = add(parts, sick("a.mp3", music_hash="a"))
        better = add(parts, replace(analysis_of("b.flac"), audio=sick("b").audio, health=Health()))
        Copies(parts.database).settle(worse, [better])
        text = Reader(report_on(parts, "a.mp3", None)).text
    assert "there 2 times" in text
    assert "best copy: not clipped" in text
    assert text.index("b.flac") < text.rindex("a.mp3")


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (replace(analysis_of("a.flac"), health=Health(integrity=IntegrityState.VERIFIED)), "Nothing was found"),
        (Analysis("a.flac", Status.FAILED, FailureReason.CORRUPT, "ends too early"), "Not checked: ends too early"),
        (replace(analysis_of("a.flac"), health=None), "Not checked: its health is not known yet"),
        (
            replace(analysis_of("a.flac"), health=Health(), status=Status.PARTIAL, detail="stopped at 0:10"),
            "Only a part of it could be decoded: stopped at 0:10",
        ),
    ],
)
def test_a_report_says_what_is_known_of_tracks_without_findings(tmp_path: Path, result: Analysis, said: str) -> None:
    with open_parts(tmp_path) as parts:
        add(parts, result)
        assert said in Reader(report_on(parts, "a.flac", None)).text


def test_pictures_are_drawn_only_of_the_file_that_was_analyzed(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        path, file = written(tmp_path, "a.wav")
        add(parts, sick("a.wav"), file)
        known = parts.library.get("a.wav")
        assert known is not None
        assert read_pictures(sick("a.wav"), known, str(path)).spectrum is not None
        with pytest.raises(NoPicturesError, match="could not be decoded"):
            read_pictures(Analysis("a.wav", Status.QUARANTINED, FailureReason.CRASHED), known, str(path))
        path.write_bytes(path.read_bytes() + b"more")
        with pytest.raises(NoPicturesError, match="was changed"):
            read_pictures(sick("a.wav"), known, str(path))
        path.unlink()
        assert "No pictures: the file cannot be read" in Reader(report_on(parts, "a.wav", path)).text


def test_drawings_are_well_formed_and_stay_in_their_frame() -> None:
    curve = SpectrumCurve(100.0, (0.0, -300.0, *(-50.0 - 0.5 * step for step in range(218))), 16_000.0, 40.4)
    wave = Waveform(
        "clipped", 1.0, 0.996, 2e-5, (ChannelWave((-1.5, 0.0), (1.5, 0.0)), ChannelWave((0.0,) * 2, (0.0,) * 2))
    )
    for drawing in (spectrum_svg(curve), waveform_svg(wave), waveform_svg(replace(wave, channels=wave.channels[1:]))):
        root = ElementTree.fromstring(drawing)
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        for path in root.iter("path"):
            for across, down in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path.attrib["d"]):
                assert 0 <= float(across) <= width
                assert 0 <= float(down) <= height
    assert "falls by 40 dB within 350 Hz at 16.0 kHz" in spectrum_svg(curve)


def test_every_finding_has_words_that_stand_alone() -> None:
    assert list(WORDS) == list(Finding)
    for words in WORDS.values():
        for sentence in (words.meaning, words.certainty, words.advice):
            assert sentence[0].isupper()
            assert sentence.endswith(".")
            assert not sentence.startswith(("As above", "See"))


def test_a_report_replaces_a_report_and_nothing_else(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        add(parts, replace(analysis_of("a.flac"), health=Health().with_integrity(Integrity())))
        content = report_on(parts, "a.flac", None)
    assert REPORT.takes("a.html", content[:4096])
    assert not REPORT.takes("a.html", b"<!doctype html><title>My page</title>")
    music = b"ID3\x04" + bytes(6) + content[:2000]  # a song whose tag quotes a report
    assert not REPORT.takes("a.mp3", music)
