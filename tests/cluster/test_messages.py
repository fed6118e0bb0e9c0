"""What goes over the wire comes out as it went in."""

from __future__ import annotations

import json

import pytest

from playlista.cluster.kinship import Kinship
from playlista.cluster.messages import Answer, Refusal, Request, analysis_in, analysis_text
from playlista.errors import Blame
from playlista.tracks.origin import Origin
from tests.libraries import analysis_of, failed_analysis

SAME = Kinship("1", {"rhythm": 3}, "abc", {"sample_rate_hz": 22050})


def test_a_request_survives_with_a_path_that_is_no_utf_8() -> None:
    request = Request("a\udcff/ü\n.mp3", 5, 2**62, 2, True, ("rhythm", "tonal"), "known", "digest")
    assert Request.from_text(request.to_text()) == request
    assert request.to_text().isascii()


@pytest.mark.parametrize(
    "answer",
    [
        Answer(refusal=Refusal.CHANGED, detail="changed"),
        Answer(released=True, detail="asked to stop"),
        Answer(analysis="{}", has_result=True, kept=True, retryable=True, blame=Blame.STORAGE),
    ],
)
def test_an_answer_survives(answer: Answer) -> None:
    assert Answer.from_text(answer.to_text()) == answer


def test_a_result_survives_bit_for_bit_with_its_origin() -> None:
    analysis = analysis_of("a.mp3", bpm=0.1 + 0.2)
    origin = Origin(b"\0\xff", b"sound", None, "ogg/1", b"encoded")
    again = analysis_in(analysis_text(analysis.__class__(**{**_fields(analysis), "origin": origin})))
    assert again == analysis
    assert again.origin == origin


def test_a_failure_survives() -> None:
    assert analysis_in(analysis_text(failed_analysis("a.mp3"))) == failed_analysis("a.mp3")


def _fields(analysis: object) -> dict[str, object]:
    return {name: getattr(analysis, name) for name in analysis.__slots__}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("other", "reason", "says"),
    [
        (Kinship("2", SAME.groups, SAME.model, SAME.settings), Refusal.VERSION, "the daemon is 2"),
        (Kinship("1", {"rhythm": 4}, SAME.model, SAME.settings), Refusal.VERSION, "rhythm/4"),
        (Kinship("1", SAME.groups, "none", SAME.settings), Refusal.MODEL, "the daemon none"),
        (Kinship("1", SAME.groups, SAME.model, {"sample_rate_hz": 8000}), Refusal.SETTINGS, "22050 for 8000"),
    ],
)
def test_a_worker_names_what_the_daemon_has_different_in_one_line(other: Kinship, reason: Refusal, says: str) -> None:
    different = SAME.difference(other)
    assert different is not None
    assert different[0] is reason
    assert says in different[1]
    assert "\n" not in different[1]
    assert SAME.digest != other.digest


def test_a_daemon_that_says_more_of_itself_is_told_by_its_version() -> None:
    newer = Kinship.from_text(json.dumps({**json.loads(SAME.to_text()), "version": "2", "codecs": ["opus"]}))
    different = SAME.difference(newer)
    assert different is not None
    assert different[0] is Refusal.VERSION


def test_what_computes_the_same_is_kin() -> None:
    again = Kinship.from_text(SAME.to_text())
    assert SAME.difference(again) is None
    assert SAME.digest == again.digest
