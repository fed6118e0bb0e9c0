"""The report on one track as an HTML document: what was found, what it means, how sure it is, and what to do.

Input: a `Subject`. Output: HTML with its style sheet and drawings in it, and neither scripts nor anything from
elsewhere: it can be sent to somebody, read on a phone and printed. Texts of the file stay text.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape

from playlista import __version__
from playlista.analysis.evidence import Evidence
from playlista.library.best_copy import Copy
from playlista.library.duplicates import Recording
from playlista.outputs.report.drawings import spectrum_svg, wall_words, waveform_svg, waveform_words
from playlista.outputs.report.facts import facts, length
from playlista.outputs.report.style import STYLE
from playlista.system.html_text import shown
from playlista.system.output_files import OutputKind
from playlista.tracks import Analysis, Status
from playlista.tracks.finding_words import WORDS
from playlista.tracks.findings import Finding

_MARK = '<meta name="generator" content="Playlista health report">'
REPORT = OutputKind(
    "a report of Playlista", lambda head: head.startswith(b"<!doctype html>\n") and _MARK.encode() in head
)
#: What a browser may do with the document: use its own style sheet.
CONTENT_POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
#: Of the kinds of places in a waveform.
_KINDS = {"clipped": Finding.CLIPPED, "clicks": Finding.CLICKS, "dropouts": Finding.DROPOUTS}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a report is about.

    size_bytes : of the file.
    found : findings with their evidence in words.
    evidence : pictures; None where the file could not be read, and `unread` says why.
    recording : the copies of the same recording; None without others.
    written_at : seconds since the epoch.
    """

    analysis: Analysis
    size_bytes: int
    found: Mapping[str, str]
    evidence: Evidence | None
    unread: str | None
    recording: Recording | None
    written_at: float


def write_report(subject: Subject) -> bytes:
    """The document."""
    name = _title(subject.analysis)
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n{_MARK}\n'
        f"<title>Health of {shown(name)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
    )
    return "\n".join([head, *_body(subject), "</main>\n</body>\n</html>\n"]).encode()


def _body(subject: Subject) -> Iterator[str]:
    analysis = subject.analysis
    yield _heading(analysis)
    yield _verdict(subject)
    yield from _findings(subject.found)
    yield "<h2>The file</h2>"
    yield _definitions(facts(analysis, subject.size_bytes))
    yield from _pictures(subject)
    if subject.recording is not None:
        yield from _copies(subject.recording, analysis.path)
    written = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(subject.written_at))
    made = f"Playlista {escape(__version__)}, {written}"
    yield f"<footer><p>{made}. No finding is a verdict: listen yourself.</p></footer>"


def _title(analysis: Analysis) -> str:
    title = analysis.metadata.title if analysis.metadata is not None else None
    return title or analysis.path.rpartition("/")[2]


def _heading(analysis: Analysis) -> str:
    names = analysis.metadata
    by = [names.artist, names.album, names.year] if names is not None else []
    line = " · ".join(f"<bdi>{shown(one)}</bdi>" for one in by if one)
    return (
        f'<header><p class="kind">Health report</p><h1><bdi>{shown(_title(analysis))}</bdi></h1>'
        f'{f"<p>{line}</p>" if line else ""}<p class="soft"><bdi>{shown(analysis.path)}</bdi></p></header>'
    )


def _verdict(subject: Subject) -> str:
    analysis, count = subject.analysis, len(subject.found)
    if analysis.health is None:
        why = analysis.detail or analysis.reason or "its health is not known yet"
        return f'<p class="verdict">Not checked: <bdi>{shown(why)}</bdi></p>'
    partly = ""
    if analysis.status is Status.PARTIAL:
        partly = f" Only a part of it could be decoded: <bdi>{shown(analysis.detail or analysis.reason)}</bdi>"
    if not count:
        return f'<p class="verdict">Nothing was found to be wrong.{partly}</p>'
    things = "One thing was" if count == 1 else f"{count} things were"
    return f'<p class="verdict">{things} found.{partly}</p>'


def _findings(found: Mapping[str, str]) -> Iterator[str]:
    for name, evidence in found.items():
        words = WORDS.get(Finding(name)) if name in set(Finding) else None
        yield f'<section class="finding"><h2>{shown(words.name if words else name)}</h2>'
        yield f'<p class="evidence"><bdi>{shown(evidence)}</bdi></p>'
        if words is not None:
            rows = ("What it means", words.meaning), ("How sure it is", words.certainty), ("What to do", words.advice)
            yield _definitions(rows)
        yield "</section>"


def _definitions(rows: Iterable[tuple[str, str]]) -> str:
    return f"<dl>{''.join(f'<dt>{term}</dt><dd><bdi>{shown(text)}</bdi></dd>' for term, text in rows)}</dl>"


def _pictures(subject: Subject) -> Iterator[str]:
    evidence = subject.evidence
    if evidence is None:
        yield f"<p>No pictures: <bdi>{shown(subject.unread)}</bdi></p>"
        return
    if evidence.spectrum is not None:
        yield "<h2>Spectrum</h2>"
        heard = f"Average level by frequency over {length(evidence.heard_seconds)}: {wall_words(evidence.spectrum)}."
        yield _figure(spectrum_svg(evidence.spectrum), heard)
    if evidence.waveforms:
        yield "<h2>Waveform</h2>"
    for waveform in evidence.waveforms:
        yield _figure(waveform_svg(waveform), f"{WORDS[_KINDS[waveform.kind]].name} {waveform_words(waveform)}.")
    if evidence.left_out:
        yield f"<p>{evidence.left_out} more could not be reached in time.</p>"


def _figure(drawing: str, caption: str) -> str:
    return f"<figure>{drawing}<figcaption>{escape(caption)}</figcaption></figure>"


def _copies(recording: Recording, path: str) -> Iterator[str]:
    yield f"<h2>Copies</h2><p>The same recording is there {recording.count} times; the best copy is first.</p><ol>"
    for copy in sorted(recording.copies, key=lambda one: one.id != recording.best.id):
        notes = [_sound(copy)]
        if copy.id == recording.best.id:
            notes.append(f"best copy: {recording.why}")
        if copy.path == path:
            notes.append("this file")
        yield f'<li><bdi>{shown(copy.path)}</bdi><p class="soft">{shown(" · ".join(notes))}</p></li>'
    yield "</ol>"


def _sound(copy: Copy) -> str:
    rate = f"{copy.kilobits_per_second} kbit/s" if copy.kilobits_per_second else None
    hertz = f"{copy.sample_rate_hz / 1000:g} kHz" if copy.sample_rate_hz else None
    return ", ".join(filter(None, (copy.format, rate, hertz)))
