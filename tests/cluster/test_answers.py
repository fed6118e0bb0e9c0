"""What a worker answers that cannot be is not stored, and costs the track no attempt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from playlista.cluster.answers import LONGEST_ANSWER, AnswerError, read_answer
from playlista.cluster.messages import Answer, analysis_text
from playlista.errors import StoreError
from tests.cluster.remote import Remote, opened
from tests.libraries import analysis_of, failed_analysis

GOOD = json.loads(analysis_text(analysis_of("a.mp3")))


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Remote]:
    with opened(tmp_path) as made:
        yield made


def changed(*place: str, to: Any) -> str:
    """A good result but for the value at `place`."""
    document = json.loads(json.dumps(GOOD))
    inner = document
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = to
    return json.dumps(document)


WRONG = {
    "no JSON": "what?",
    "nothing": "",
    "another document": "[1, 2]",
    "no result": "{}",
    "a nest of lists": "[" * 100_000,
    "another track's": analysis_text(analysis_of("b.mp3")),
    "a path out of the folder": changed("result", "path", to="../a.mp3"),
    "a failure that is said to be a result": analysis_text(failed_analysis("a.mp3")),
    "no audio": changed("result", "audio", to=None),
    "text for a number": changed("result", "rhythm", "bpm", to="120"),
    "a list for a number": changed("result", "loudness", "range_lu", to=[1]),
    "not a number": changed("result", "rhythm", "bpm", to=float("nan")),
    "infinity in the embedding": changed("result", "embedding", to=[float("inf")] * 200),
    "a number of a thousand digits": changed("result", "rhythm", "beats_count", to=10**1000),
    "an integer beyond the database's": changed("result", "audio", "channels", to=2**63),
    "truth for a number": changed("result", "audio", "sample_rate_hz", to=True),
    "an object for a text": changed("result", "detail", to={"a": 1}),
    "a status that there is not": changed("result", "status", to="great"),
    "a version of tomorrow": changed("result", "versions", to={"rhythm": 2}),
    "a group that there is not": changed("result", "versions", to={"smell": 1}),
    "tags that are none": changed("result", "tags", to={"rock": "much"}),
    "a hash that is none": changed("origin", "content", to="xyz"),
    "text that is no Unicode": changed("result", "tonal", "key", to="\ud800"),
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_a_result_that_cannot_be_is_not_stored_and_is_no_attempt(remote: Remote, text: str) -> None:
    job, _ = remote.claim()
    with pytest.raises(AnswerError) as rejected:
        remote.jobs.end(job, Answer(analysis=text, has_result=True))
    assert "\n" not in str(rejected.value)
    assert len(str(rejected.value)) < 300
    remote.jobs.reject(job, str(rejected.value))
    assert (remote.parts.store.get("a.mp3"), remote.in_flight) == (None, 0)
    remote.parts.clock.now += 3600
    again, _ = remote.claim("two#1")
    assert again.attempts == 1
    remote.jobs.end(again, Answer(analysis=analysis_text(analysis_of("a.mp3")), has_result=True))
    assert remote.parts.store.get("a.mp3") == analysis_of("a.mp3")


def test_a_result_that_is_said_to_be_no_news_has_to_be_stored_already(remote: Remote) -> None:
    job, _ = remote.claim()
    with pytest.raises(AnswerError, match="there is none"):
        remote.jobs.end(job, Answer(analysis=analysis_text(analysis_of("a.mp3")), has_result=True, kept=True))


def test_a_result_that_is_said_to_be_none_has_to_be_a_failure(remote: Remote) -> None:
    job, _ = remote.claim()
    with pytest.raises(AnswerError, match="no failure"):
        remote.jobs.end(job, Answer(analysis=analysis_text(analysis_of("a.mp3"))))


def test_a_track_that_every_worker_breaks_at_waits_longer_each_time_and_is_never_condemned(remote: Remote) -> None:
    waits = []
    for _ in range(6):
        job, _ = remote.claim()
        assert job.attempts == 1
        remote.jobs.reject(job, "its answer is none of ours")
        due = remote.parts.queue.next_due_at()
        assert due is not None
        waits.append(due - remote.parts.clock.now)
        remote.parts.clock.now = due
    assert waits == sorted(set(waits))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "[" * 100_000,
        '{"blame": "track"}',
        Answer().to_text().replace('"released": false', '"released": "no"'),
        Answer().to_text().replace('"blame": "track"', '"blame": "you"'),
        Answer().to_text().replace('"detail": ""', '"detail": 3'),
        " " * (LONGEST_ANSWER + 1),
    ],
)
def test_what_is_no_answer_is_said_in_one_line(text: str) -> None:
    with pytest.raises(AnswerError) as rejected:
        read_answer(text)
    assert "\n" not in str(rejected.value)
    assert len(str(rejected.value)) < 300


def test_a_database_that_cannot_be_written_is_not_the_workers_fault(remote: Remote) -> None:
    job, _ = remote.claim()
    with remote.parts.database.transaction() as connection:
        connection.execute("CREATE TRIGGER no_end BEFORE DELETE ON jobs BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(StoreError):
        remote.jobs.end(job, Answer(analysis=analysis_text(analysis_of("a.mp3")), has_result=True))
    assert remote.in_flight == 0
    assert remote.jobs.unsuccessful == 1, "one pass over a library must not call it done"
