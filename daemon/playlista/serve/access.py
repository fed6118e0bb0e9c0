"""Who may do what: a token where one is set, the page's own token for changes, known names of this machine.

Input: requests, and what their route needs. Output: a refusal, or None. Without AUTH_TOKEN everybody may read, and only
our own page may change things: it carries a token that no page of another origin can read. With AUTH_TOKEN everything
but probes, the files of the page and the login asks for it, as a bearer or as the cookie that a login gives.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from playlista.serve.answers import Answer
from playlista.serve.hosts import host_name, is_local_host
from playlista.serve.requests import Request

COOKIE = "playlista"
#: A login lasts this long.
LOGIN_SECONDS = 30 * 86400
#: Failed tokens of one address, in so many seconds, before it has to wait.
FAILURES_ALLOWED = 10
FAILURES_SECONDS = 60.0
#: Addresses of which failures are remembered.
REMEMBERED_ADDRESSES = 1000


@dataclass(frozen=True, slots=True)
class AccessRules:
    """What the operator decided.

    token : asked for where it is not empty.
    metrics_are_open : ``/metrics`` does not ask for it.
    allowed_hosts : patterns of names, besides addresses and local names.
    """

    token: str = ""
    metrics_are_open: bool = False
    allowed_hosts: tuple[str, ...] = ()


class Access:
    """Decides about requests; may be asked from any thread. `clock` gives seconds since the epoch."""

    def __init__(self, rules: AccessRules, clock: Callable[[], float] = time.time) -> None:
        self.rules = rules
        #: What our own page sends with changes; new with each start.
        self.page_token = secrets.token_urlsafe(24)
        self._clock = clock
        self._failures = _Failures(clock)

    def refusal(self, request: Request, *, is_open: bool, changes: bool) -> Answer | None:
        """Why the request is not answered, as an answer; None where it is.

        Parameters
        ----------
        is_open : what is asked for is nobody's secret: a probe, a file of the page, the login.
        changes : it changes something.
        """
        if self.rules.token:
            if not is_open and not self._is_known(request):
                return self._unauthorized(request)
        elif not is_open and not is_local_host(request.host, self.rules.allowed_hosts):
            name = host_name(request.host)
            text = f"{name}: not known as a name of this machine; if it is one, set ALLOWED_HOSTS={name}"
            return Answer.of_text(text, "403 Forbidden")
        return self._refused_change(request, is_open=is_open) if changes else None

    def may_change(self, request: Request) -> bool:
        """Whether changes of this client would be taken."""
        return not self.rules.token or self._is_known(request)

    def login(self, request: Request) -> Answer:
        """A cookie for who sends the token."""
        if self._failures.are_too_many(request.client):
            return Answer.of_text("too many wrong tokens; wait a minute", "429 Too Many Requests")
        if not _is_equal(request.fields().get("token", ""), self.rules.token):
            self._failures.count(request.client)
            return Answer.of_text("this is not the token (AUTH_TOKEN)", "401 Unauthorized")
        expires = int(self._clock()) + LOGIN_SECONDS
        cookie = self._set_cookie(request, f"{expires}.{self._signature(expires)}", LOGIN_SECONDS)
        return _back_to_the_page(request).with_headers(cookie)

    def logout(self, request: Request) -> Answer:
        """Takes the cookie away."""
        return _back_to_the_page(request).with_headers(self._set_cookie(request, "", 0))

    def _is_known(self, request: Request) -> bool:
        if self._has_cookie(request):
            return True
        kind, _, sent = request.header("Authorization").partition(" ")
        if kind.lower() != "bearer" or self._failures.are_too_many(request.client):
            return False
        if _is_equal(sent.strip(), self.rules.token):
            return True
        self._failures.count(request.client)
        return False

    def _has_cookie(self, request: Request) -> bool:
        expires, _, signature = request.cookie(COOKIE).partition(".")
        if not (expires.isascii() and expires.isdigit() and len(expires) < 12):
            return False
        return _is_equal(signature, self._signature(int(expires))) and int(expires) > self._clock()

    def _signature(self, expires: int) -> str:
        return hmac.new(self.rules.token.encode(), f"playlista login {expires}".encode(), hashlib.sha256).hexdigest()

    def _unauthorized(self, request: Request) -> Answer:
        if self._failures.are_too_many(request.client):
            return Answer.of_text("too many wrong tokens; wait a minute", "429 Too Many Requests")
        refusal = Answer.of_text("send the token: Authorization: Bearer AUTH_TOKEN", "401 Unauthorized")
        return refusal.with_headers(("WWW-Authenticate", 'Bearer realm="playlista"'))

    def _refused_change(self, request: Request, *, is_open: bool) -> Answer | None:
        if not _is_same_origin(request):
            return Answer.of_text("changes are taken from our own page only", "403 Forbidden")
        if self.rules.token or is_open or _is_equal(request.header("X-Playlista-Token"), self.page_token):
            return None
        return Answer.of_text("reload the page; or set AUTH_TOKEN and send it as a bearer", "403 Forbidden")

    @staticmethod
    def _set_cookie(request: Request, value: str, seconds: int) -> tuple[str, str]:
        secure = "; Secure" if request.is_secure else ""
        place = f"{request.prefix}/"
        return "Set-Cookie", f"{COOKIE}={value}; Path={place}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"


class _Failures:
    """Wrong tokens by address, of the last minute; the addresses heard of longest ago are forgotten."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._times: OrderedDict[str, list[float]] = OrderedDict()

    def count(self, client: str) -> None:
        with self._lock:
            self._times[client] = [*self._recent(client), self._clock()][-FAILURES_ALLOWED:]
            self._times.move_to_end(client)
            while len(self._times) > REMEMBERED_ADDRESSES:
                self._times.popitem(last=False)

    def are_too_many(self, client: str) -> bool:
        with self._lock:
            return len(self._recent(client)) >= FAILURES_ALLOWED

    def _recent(self, client: str) -> list[float]:
        now = self._clock()
        return [at for at in self._times.get(client, ()) if 0 <= now - at < FAILURES_SECONDS]


def _is_equal(sent: str, expected: str) -> bool:
    """Compared in a time that does not tell how far they agree."""
    return hmac.compare_digest(sent.encode("utf-8", "surrogateescape"), expected.encode())


def _is_same_origin(request: Request) -> bool:
    """What browsers say of the page that sends a request; other programs say nothing."""
    site, origin = request.header("Sec-Fetch-Site"), request.header("Origin")
    if site not in ("", "same-origin"):
        return False
    return not origin or origin.lower().partition("://")[2] == request.host


def _back_to_the_page(request: Request) -> Answer:
    """For a script that it is done; for a form the way to the page, from /api/v1/login."""
    if not request.is_form:
        return Answer.of_json({"ok": True})
    return Answer.of_text("done", "303 See Other").with_headers(("Location", "../../"))
