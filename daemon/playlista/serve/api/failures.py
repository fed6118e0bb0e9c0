"""What failed, why, what to do about it, and another try."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from playlista.errors import FailureReason
from playlista.serve.answers import Answer
from playlista.serve.parameters import BadRequestError
from playlista.serve.requests import Request
from playlista.serve.routes import Context
from playlista.serve.views import RetryRequest

#: Tracks that one request may name.
MOST_IDS = 5000
_HIGHEST_ID = 2**63 - 1


class Grouping(StrEnum):
    """How failures may be put together."""

    REASON = "reason"


def failures(context: Context, _request: Request, given: dict[str, Any], _value: str) -> Answer:
    """The latest failures, or all of them counted by reason."""
    if given["group"] is Grouping.REASON:
        return Answer.of_json(context.views.failure_groups())
    return Answer.of_json(context.views.failures())


def retry(context: Context, request: Request, _given: dict[str, Any], _value: str) -> Answer:
    """Puts tracks back into the queue."""
    return Answer.of_json({"queued": context.views.retry(_retry_request(request.json()))})


def _retry_request(body: dict[str, Any]) -> RetryRequest:
    match body:
        case {"ids": list() as ids, **others} if not others:
            return RetryRequest(ids=track_ids(ids))
        case {"reason": str() as reason, **others} if not others and reason in set(FailureReason):
            return RetryRequest(reason=FailureReason(reason))
        case {"all": True, **others} if not others:
            return RetryRequest(everything=True)
    reasons = ", ".join(FailureReason)
    raise BadRequestError(f'the body is {{"ids": [1, 2]}}, {{"reason": R}} or {{"all": true}}; R is one of {reasons}')


def track_ids(values: list[Any]) -> tuple[int, ...]:
    """Ids of tracks from a body.

    Raises
    ------
    BadRequestError : something else, or too many.
    """
    if len(values) > MOST_IDS or not all(type(one) is int and 0 < one <= _HIGHEST_ID for one in values):
        raise BadRequestError(f"ids is a list of at most {MOST_IDS} ids of tracks")
    return tuple(values)
