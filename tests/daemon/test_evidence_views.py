"""Pictures and reports over HTTP: of the files of the library alone, and without waiting of anybody else."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from playlista.daemon.evidence_views import EvidenceViews
from playlista.errors import FailureReason
from playlista.library.database import FILE_NAME, open_read_only
from playlista.serve.http import Application
from playlista.serve.server import Server
from playlista.tracks import Analysis, Status, TrackFile
from playlista.tracks.health import Health
from tests import signals
from tests.deadlines import DEADLINE_SECONDS
from tests.libraries import Parts, analysis_of, open_parts, track_file
from tests.serve.test_media import ask
from tests.serve.views import views_of

FOUND = Health(clipped_runs=5, longest_clipped_samples=4, positions={"clipped": (1.0,)})


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    """A sound track with a clip, one that failed, and one whose file is gone."""
    path = signals.write(tmp_path / "a.wav", np.stack([signals.noise(2)] * 2, axis=1))
    tracks = (
        (TrackFile.from_stat("a.wav", path.stat()), replace(analysis_of("a.wav"), health=FOUND)),
        (track_file("b.mp3"), Analysis("b.mp3", Status.FAILED, FailureReason.CORRUPT, "no frame in it")),
        (track_file("c.mp3"), replace(analysis_of("c.mp3"), health=Health())),
    )
    with open_parts(tmp_path) as opened:
        for file, result in tracks:
            opened.queue.enqueue([file], "scan")
            job = opened.queue.claim()
            assert job is not None
            opened.queue.finish(job, result)
        yield opened


@contextmanager
def serving(parts: Parts, folder: Path) -> Iterator[int]:
    with ExitStack() as resources:
        reader = resources.enter_context(open_read_only(str(folder / FILE_NAME)))

        def place(file_id: int) -> str | None:
            known = parts.library.by_id(file_id)
            return None if known is None else os.path.join(folder, known.file.path)

        views = EvidenceViews(reader, place)
        server = Server("127.0.0.1:0", Application(views_of(evidence=views.evidence, report=views.report)))
        server.start()
        resources.callback(server.stop)
        yield server.port


@pytest.fixture
def port(parts: Parts, tmp_path: Path) -> Iterator[int]:
    with serving(parts, tmp_path) as given:
        yield given


def test_evidence_is_numbers_to_draw(port: int) -> None:
    status, _, body = ask(port, "/api/v1/tracks/1/evidence")
    found = json.loads(body)
    assert status == 200
    assert found["heard_seconds"] == pytest.approx(2.0)
    assert len(found["spectrum"]["levels_db"]) > 100
    (waveform,) = found["waveforms"]
    assert (waveform["kind"], waveform["at_seconds"]) == ("clipped", 1.0)
    assert len(waveform["channels"][0]["low"]) == len(waveform["channels"][1]["high"])


@pytest.mark.parametrize(
    ("track", "said"), [(2, "it could not be decoded"), (3, "the file cannot be read"), (99, "no such track")]
)
def test_why_there_are_no_pictures_is_said(port: int, track: int, said: str) -> None:
    status, _, body = ask(port, f"/api/v1/tracks/{track}/evidence")
    assert status == 404
    assert said in json.loads(body)["error"]


def test_a_report_is_a_document_with_a_policy_of_its_own(port: int) -> None:
    status, headers, body = ask(port, "/api/v1/tracks/1/report")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    (policy,) = headers.get_all("Content-Security-Policy", [])
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Disposition"] == 'inline; filename="health-1.html"'
    assert b"<svg" in body


def test_a_report_is_written_although_the_file_cannot_be_read(port: int) -> None:
    status, _, body = ask(port, "/api/v1/tracks/2/report")
    assert status == 200
    assert b"no frame in it" in body
    assert ask(port, "/api/v1/tracks/99/report")[0] == 404


def test_a_fifo_in_place_of_the_file_is_not_waited_for(port: int, tmp_path: Path) -> None:
    (tmp_path / "a.wav").unlink()
    os.mkfifo(tmp_path / "a.wav")
    assert ask(port, "/api/v1/tracks/1/evidence")[0] == 404


def test_a_file_that_does_not_answer_stops_neither_probes_nor_the_api() -> None:
    begun, released = threading.Event(), threading.Event()

    def hangs(_file_id: int) -> dict[str, object]:
        begun.set()
        released.wait(DEADLINE_SECONDS)
        return {}

    server = Server("127.0.0.1:0", Application(views_of(evidence=hangs)))
    server.start()
    asking = [threading.Thread(target=ask, args=(server.port, f"/api/v1/tracks/{track}/evidence")) for track in (1, 2)]
    try:
        for thread in asking:
            thread.start()
        assert begun.wait(DEADLINE_SECONDS)
        for path in ("/healthz", "/readyz", "/metrics", "/api/v1/status", "/api/v1/tracks?limit=1"):
            assert ask(server.port, path)[0] == 200
        assert not released.is_set()
    finally:
        released.set()
        for thread in asking:
            thread.join(DEADLINE_SECONDS)
        server.stop()
