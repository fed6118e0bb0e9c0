"""The health of one track: pictures of the evidence, and a report to send to somebody."""

from __future__ import annotations

from typing import Any

from playlista.serve.answers import Answer
from playlista.serve.requests import Request
from playlista.serve.routes import Context


def evidence(context: Context, _request: Request, _given: dict[str, Any], value: str) -> Answer:
    """The average spectrum, and the waveform around the first faults."""
    return Answer.of_json(context.views.evidence(int(value)))


def report(context: Context, _request: Request, _given: dict[str, Any], value: str) -> Answer:
    """An HTML document that stands alone."""
    document = context.views.report(int(value))
    headers = (
        ("Content-Security-Policy", document.policy),
        ("Content-Disposition", f'inline; filename="health-{value}.html"'),
    )
    return Answer("200 OK", "text/html; charset=utf-8", document.body).with_headers(*headers)
