"""Whether an answer of a worker may be stored: of the track that was asked for, whole, and of the right types.

Input: the text of an answer, and the job that it is for. Output: the answer and its result, or an ``AnswerError`` that
says in one line what is wrong. That the numbers are true cannot be seen here: a worker has a certificate for that.
"""

from __future__ import annotations

from collections.abc import Mapping

from playlista.cluster.messages import Answer, analysis_in
from playlista.errors import PlaylistaError
from playlista.library.jobs import Job
from playlista.tracks import FEATURE_GROUPS, Analysis, Status
from playlista.tracks.origin import Origin
from playlista.tracks.typed import misfit

#: Longest answer that is read, in characters: the beats and the fingerprint of two days of music take half of it.
LONGEST_ANSWER = 16 * 2**20


class AnswerError(PlaylistaError):
    """A worker answered what cannot be: it runs another program, or a broken one."""


def read_answer(text: str) -> Answer:
    """The answer that was sent as `text`.

    Raises
    ------
    AnswerError : it is too long, or none.
    """
    if len(text) > LONGEST_ANSWER:
        raise AnswerError(f"its answer has {len(text):,} characters, and may have {LONGEST_ANSWER:,}")
    try:
        answer = Answer.from_text(text)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise AnswerError(f"its answer is none of ours ({type(error).__name__}: {error})"[:200]) from error
    if place := misfit(answer, Answer, "answer"):
        raise AnswerError(f"its answer has another type at {place}")
    return answer


def result_of(answer: Answer, job: Job, versions: Mapping[str, int]) -> Analysis:
    """The result or the failure in `answer`, to be stored for `job`; `versions` are the daemon's, by feature group.

    Raises
    ------
    AnswerError : it is another track's, not whole, of a version that is none, or of other types than a result has.
    """
    try:
        analysis = analysis_in(answer.analysis or "")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise AnswerError(f"its result is none of ours ({type(error).__name__}: {error})"[:200]) from error
    if place := misfit(analysis, Analysis, "result") or misfit(analysis.origin, Origin, "origin"):
        raise AnswerError(f"its result has another type at {place}")
    if analysis.path != job.file.path:
        raise AnswerError("its result is that of another track")
    if wrong := _contradiction(answer, analysis) or _impossible_version(analysis, versions):
        raise AnswerError(f"its result {wrong}")
    return analysis


def _contradiction(answer: Answer, analysis: Analysis) -> str | None:
    if not answer.has_result:
        return None if analysis.status is Status.FAILED and analysis.reason else "is said to be none, and is no failure"
    if answer.kept or (analysis.audio is not None and analysis.status in {Status.ANALYZED, Status.PARTIAL}):
        return None
    return "is said to be one, and is a failure"


def _impossible_version(analysis: Analysis, versions: Mapping[str, int]) -> str | None:
    for group, number in analysis.versions.items():
        if group not in FEATURE_GROUPS or not 0 < number <= versions.get(group, number):
            return f"has a version that is not known: {group[:40]}/{number}"
    return None
