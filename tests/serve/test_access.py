"""Who may read and who may change things, over a real socket."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network

import pytest

from playlista.errors import FailureReason
from playlista.serve.access import FAILURES_ALLOWED, LOGIN_SECONDS, Access, AccessRules
from playlista.serve.hosts import is_local_host
from playlista.serve.http import Application, HttpRules
from playlista.serve.requests import RequestReader
from playlista.serve.server import Server
from playlista.serve.views import RetryRequest
from tests.serve.views import views_of

TOKEN = "a token of some length"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
LOOPBACK = (ip_network("127.0.0.1"),)
NOWHERE = (ip_network("192.0.2.0/24"),)


class Daemon:
    """Notes what it is asked to try again."""

    def __init__(self) -> None:
        self.retried: list[RetryRequest] = []

    def retry(self, request: RetryRequest) -> int:
        self.retried.append(request)
        return 3


@contextmanager
def serving(rules: HttpRules, daemon: Daemon | None = None) -> Iterator[int]:
    server = Server("127.0.0.1:0", Application(views_of(retry=(daemon or Daemon()).retry), rules))
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


def ask(
    port: int, method: str, path: str, body: str = "", **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body.encode() or None, sent)
    answer = connection.getresponse()
    found = answer.status, answer.headers, answer.read()
    connection.close()
    return found


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


@pytest.fixture
def port(daemon: Daemon) -> Iterator[int]:
    """A server without a token."""
    with serving(HttpRules(), daemon) as opened:
        yield opened


@pytest.fixture
def guarded(daemon: Daemon) -> Iterator[int]:
    """A server that asks for a token."""
    with serving(HttpRules(AccessRules(TOKEN)), daemon) as opened:
        yield opened


def page_token(port: int) -> str:
    """As the page reads it."""
    found = re.search(rb'name="playlista-token" content="([^"]+)"', ask(port, "GET", "/")[2])
    assert found
    return found[1].decode()


def test_our_own_page_may_retry_with_the_token_that_it_carries(port: int, daemon: Daemon) -> None:
    headers = {"X_Playlista_Token": page_token(port), "Origin": f"http://127.0.0.1:{port}"}
    status, _, body = ask(port, "POST", "/api/v1/retry", '{"ids": [1, 2]}', **headers)
    assert (status, json.loads(body)) == (200, {"queued": 3})
    assert ask(port, "POST", "/api/v1/retry", '{"reason": "corrupt"}', **headers)[0] == 200
    assert ask(port, "POST", "/api/v1/retry", '{"all": true}', **headers)[0] == 200
    assert daemon.retried == [
        RetryRequest(ids=(1, 2)),
        RetryRequest(reason=FailureReason.CORRUPT),
        RetryRequest(everything=True),
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X_Playlista_Token": "guessed"},
        {"X_Playlista_Token": "", "Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
    ],
)
def test_without_the_pages_token_nothing_is_changed(port: int, daemon: Daemon, headers: dict[str, str]) -> None:
    assert ask(port, "POST", "/api/v1/retry", '{"all": true}', **headers)[0] == 403
    assert daemon.retried == []


@pytest.mark.parametrize("odd", [{"Origin": "http://evil.example"}, {"Sec_Fetch_Site": "same-site"}])
def test_a_page_of_another_origin_changes_nothing_even_with_the_token(
    port: int, daemon: Daemon, odd: dict[str, str]
) -> None:
    assert ask(port, "POST", "/api/v1/retry", '{"all": true}', X_Playlista_Token=page_token(port), **odd)[0] == 403
    assert daemon.retried == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "nonsense",
        "{}",
        '{"all": false}',
        '{"ids": "1"}',
        '{"ids": [true]}',
        '{"ids": [-1]}',
        '{"ids": [1e3]}',
        '{"ids": [99999999999999999999]}',
        '{"ids": [1], "all": true}',
        '{"reason": "odd"}',
        "[" * 5000,
    ],
)
def test_a_body_that_says_something_else_is_a_bad_request(port: int, daemon: Daemon, body: str) -> None:
    assert ask(port, "POST", "/api/v1/retry", body, X_Playlista_Token=page_token(port))[0] == 400
    assert daemon.retried == []


@pytest.mark.parametrize("path", ["/", "/list", "/metrics", "/api/v1/status", "/api/v1/tracks/1", "/api/v1/nothing"])
def test_with_a_token_set_everything_asks_for_it(guarded: int, path: str) -> None:
    assert ask(guarded, "GET", path)[0] == 401
    assert ask(guarded, "GET", path, Authorization="Bearer wrong")[0] == 401
    assert ask(guarded, "GET", path, Authorization=f"Basic {TOKEN}")[0] == 401
    assert ask(guarded, "GET", path, **BEARER)[0] in {200, 404}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/page.css"])
def test_probes_and_the_files_of_the_page_do_not(guarded: int, path: str) -> None:
    assert ask(guarded, "GET", path)[0] == 200


def test_metrics_may_be_left_open_to_scrapers() -> None:
    with serving(HttpRules(AccessRules(TOKEN, metrics_are_open=True))) as port:
        assert ask(port, "GET", "/metrics")[0] == 200
        assert ask(port, "GET", "/api/v1/status")[0] == 401


def test_a_login_gives_a_cookie_that_scripts_and_other_sites_do_not_have(guarded: int, daemon: Daemon) -> None:
    status, headers, _ = ask(guarded, "POST", "/api/v1/login", json.dumps({"token": TOKEN}))
    assert status == 200
    name_and_value, *attributes = headers["Set-Cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={LOGIN_SECONDS}"} <= set(attributes)
    assert TOKEN not in headers["Set-Cookie"]
    assert ask(guarded, "GET", "/api/v1/status", Cookie=name_and_value)[0] == 200
    assert ask(guarded, "POST", "/api/v1/retry", '{"all": true}', Cookie=name_and_value)[0] == 200
    assert len(daemon.retried) == 1
    other = {"Cookie": name_and_value, "Origin": "http://evil.example"}
    assert ask(guarded, "POST", "/api/v1/retry", '{"all": true}', **other)[0] == 403


def test_a_form_logs_in_without_a_script_and_leads_back_to_the_page(guarded: int) -> None:
    assert b'action="api/v1/login"' in ask(guarded, "GET", "/")[2]
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    status, headers, _ = ask(guarded, "POST", "/api/v1/login", "token=a+token+of+some+length", **form)
    assert (status, headers["Location"]) == (303, "../../")
    assert ask(guarded, "POST", "/api/v1/login", "token=other", **form)[0] == 401


def test_a_logout_takes_the_cookie_away(guarded: int) -> None:
    status, headers, _ = ask(guarded, "POST", "/api/v1/logout")
    assert status == 200
    assert "Max-Age=0" in headers["Set-Cookie"]


@pytest.mark.parametrize(
    "cookie", ["", "playlista=", "playlista=1.2", "playlista=9999999999.00", "playlista=x.y", "\xff"]
)
def test_a_cookie_that_we_did_not_sign_is_none(guarded: int, cookie: str) -> None:
    assert ask(guarded, "GET", "/api/v1/status", Cookie=cookie)[0] == 401


def test_a_cookie_ends_and_so_does_the_wait_after_wrong_tokens() -> None:
    now = [1_700_000_000.0]
    access = Access(AccessRules(TOKEN), clock=lambda: now[0])
    environ = {"REQUEST_METHOD": "GET", "REMOTE_ADDR": "192.0.2.1", "HTTP_HOST": "nas"}

    def refused(**headers: str) -> str:
        request = RequestReader().read(environ | {f"HTTP_{name}": value for name, value in headers.items()})
        answer = access.refusal(request, is_open=False, changes=False)
        return answer.status[:3] if answer else ""

    expires = int(now[0]) + LOGIN_SECONDS
    cookie = f"playlista={expires}.{access._signature(expires)}"
    assert refused(COOKIE=cookie) == ""
    now[0] += LOGIN_SECONDS
    assert refused(COOKIE=cookie) == "401"

    for _ in range(FAILURES_ALLOWED):
        refused(AUTHORIZATION="Bearer guess")
    assert refused(AUTHORIZATION=f"Bearer {TOKEN}") == "429"
    now[0] += 60
    assert refused(AUTHORIZATION=f"Bearer {TOKEN}") == ""


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("192.168.1.5:9345", True),
        ("[fe80::1]:9345", True),
        ("[::1]", True),
        ("localhost:9345", True),
        ("nas", True),
        ("NAS.local:9345", True),
        ("nas.lan.", True),
        ("playlista.music.svc:9345", True),
        ("playlista.music.svc.cluster.local", True),
        ("", True),
        ("evil.example:9345", False),
        ("127.0.0.1.evil.example", False),
        ("1.2.3.4.5", False),
        ("local.evil.example", False),
    ],
)
def test_addresses_and_local_names_are_ours_and_names_that_can_be_registered_are_not(host: str, is_local: bool) -> None:
    assert is_local_host(host) is is_local


def test_a_name_that_is_not_ours_is_refused_until_it_is_allowed() -> None:
    with serving(HttpRules()) as port:
        for path in ("/", "/list", "/api/v1/status"):
            status, _, body = ask(port, "GET", path, Host="music.evil.example")
            assert status == 403
            assert b"ALLOWED_HOSTS=music.evil.example" in body
        for path in ("/healthz", "/metrics"):  # scrapers of version 0.1 call us by any name
            assert ask(port, "GET", path, Host="music.evil.example")[0] == 200
    with serving(HttpRules(AccessRules(allowed_hosts=("*.example",)))) as port:
        assert ask(port, "GET", "/api/v1/status", Host="music.evil.example")[0] == 200
    with serving(HttpRules(AccessRules(TOKEN))) as port:  # a page of another site has no token
        assert ask(port, "GET", "/api/v1/status", Host="music.evil.example", **BEARER)[0] == 200


@pytest.mark.parametrize(("proxies", "expected"), [(LOOPBACK, 200), (NOWHERE, 403)])
def test_a_forwarded_host_counts_where_the_proxy_is_trusted(proxies: tuple, expected: int) -> None:
    rules = HttpRules(AccessRules(allowed_hosts=("music.example",)), proxies)
    with serving(rules) as port:
        token = page_token(port)
        headers = {"X_Playlista_Token": token, "Origin": "https://music.example", "X_Forwarded_Host": "music.example"}
        assert ask(port, "POST", "/api/v1/retry", '{"all": true}', **headers)[0] == expected


def test_behind_tls_and_a_sub_path_the_cookie_says_so() -> None:
    with serving(HttpRules(AccessRules(TOKEN), LOOPBACK)) as port:
        forwarded = {"X_Forwarded_Proto": "https", "X_Forwarded_Prefix": "/music/"}
        cookie = ask(port, "POST", "/api/v1/login", json.dumps({"token": TOKEN}), **forwarded)[1]["Set-Cookie"]
        assert "; Secure" in cookie
        assert "Path=/music/;" in cookie
        odd = {"X_Forwarded_Prefix": "/a;Domain=evil.example"}
        assert "evil" not in ask(port, "POST", "/api/v1/login", json.dumps({"token": TOKEN}), **odd)[1]["Set-Cookie"]


def test_a_prefix_that_the_proxy_leaves_on_is_taken_off() -> None:
    with serving(HttpRules(prefix="/playlista")) as port:
        assert ask(port, "GET", "/playlista/api/v1/status")[0] == 200
        assert ask(port, "GET", "/playlista/")[0] == 200
        status, headers, _ = ask(port, "GET", "/playlista")
        assert (status, headers["Location"]) == (308, "/playlista/")
        assert ask(port, "GET", "/healthz")[0] == 200
        assert ask(port, "GET", "/playlistaapi/v1/status")[0] == 404
