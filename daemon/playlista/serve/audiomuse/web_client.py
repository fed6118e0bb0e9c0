"""Asks a media server over HTTP, with a deadline and a bound for what it may answer.

Input: an address and what to ask. Output: JSON documents. It follows no redirect, so that credentials go to the server
that was named and to no other; and neither addresses with credentials nor answers are repeated in errors.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from playlista.errors import PlaylistaError

TIMEOUT_SECONDS = 20.0
#: A page of 500 songs is about 1 MB.
LARGEST_ANSWER_BYTES = 16 * 2**20


class MediaServerError(PlaylistaError):
    """A media server does not answer, or not as one; its text says what to do."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Leave a redirect as the error that it then becomes."""


class WebClient:
    """Asks the server at `url`, which is shown in errors."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self.url = url.rstrip("/")
        self._headers = {"Accept": "application/json", "User-Agent": "Playlista", **(headers or {})}
        # Media servers are at home; what the environment says about proxies is meant for the Internet.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)

    def get(self, path: str, query: Mapping[str, str | int]) -> Any:
        """The document at `path`.

        Raises
        ------
        MediaServerError : there is none.
        """
        return self._answer(f"{path}?{urlencode(query)}", None, self._headers)

    def post(self, path: str, document: Any) -> Any:
        """The answer to a JSON document.

        Raises
        ------
        MediaServerError : there is none.
        """
        headers = {**self._headers, "Content-Type": "application/json"}
        return self._answer(path, json.dumps(document).encode(), headers)

    def _answer(self, path: str, body: bytes | None, headers: Mapping[str, str]) -> Any:
        request = urllib.request.Request(f"{self.url}{path}", body, dict(headers))  # noqa: S310 - http(s) by its rule
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                said = answer.read(LARGEST_ANSWER_BYTES + 1)
        except urllib.error.HTTPError as error:
            error.close()
            what = "refuses the user or password" if error.code in (401, 403) else f"answers {error.code}"
            raise MediaServerError(f"{self.url}: {what}; check MEDIA_SERVER_URL, _USER and _PASSWORD") from error
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "reason", None) or error
            raise MediaServerError(
                f"{self.url}: does not answer ({why}); start it, or check MEDIA_SERVER_URL"
            ) from error
        if len(said) > LARGEST_ANSWER_BYTES:
            raise MediaServerError(f"{self.url}: answers more than {LARGEST_ANSWER_BYTES >> 20} MB at a time")
        try:
            return json.loads(said)
        except (ValueError, RecursionError) as error:
            raise MediaServerError(f"{self.url}: is no media server of that kind; check MEDIA_SERVER") from error
