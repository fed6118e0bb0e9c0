"""The files of the page over a real socket: asked for once, from nowhere else, small."""

from __future__ import annotations

import gzip
import http.client
import re
from collections.abc import Iterator
from importlib.resources import files

import pytest

from playlista.serve.answers import CONTENT_POLICY
from playlista.serve.assets import Asset, load_assets
from playlista.serve.http import Application
from playlista.serve.server import Server
from tests.serve.views import views_of

#: The page in all, as design asks: a phone on a slow link shows it at once.
LARGEST_PAGE_BYTES = 170_000
LARGEST_SENT_BYTES = 70_000
ASSETS = load_assets("")
#: Names of XML vocabularies look like addresses; nobody asks for them.
NAMESPACES = {"http://www.w3.org/2000/svg"}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = Server("127.0.0.1:0", Application(views_of()))
    server.start()
    yield server.port
    server.stop()


def without_token(body: bytes) -> bytes:
    """`body` without the token of the process, which the page carries."""
    return re.sub(rb'(name="playlista-token" content=")[^"]*', rb"\1", body)


def ask(port: int, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return found


@pytest.mark.parametrize("path", sorted(ASSETS))
def test_a_browser_that_has_a_file_is_not_sent_it_again(port: int, path: str) -> None:
    status, headers, body = ask(port, path)
    assert (status, without_token(body)) == (200, ASSETS[path].body)
    assert headers["cache-control"] == "no-cache"
    again = ask(port, path, If_None_Match=f'"other", W/{headers["etag"]}')
    assert (again[0], again[1]["etag"], again[2]) == (304, headers["etag"], b"")
    assert ask(port, path, If_None_Match='"other"')[0] == 200


@pytest.mark.parametrize("path", sorted(ASSETS))
def test_a_file_is_sent_gzipped_to_those_who_take_it(port: int, path: str) -> None:
    _, headers, body = ask(port, path, Accept_Encoding="br, gzip;q=0.8")
    assert (headers["content-encoding"], headers["vary"]) == ("gzip", "Accept-Encoding")
    assert without_token(gzip.decompress(body)) == ASSETS[path].body
    for refused in ("identity", "gzip;q=0", "gzip; q=0.0", ""):
        assert without_token(ask(port, path, Accept_Encoding=refused)[2]) == ASSETS[path].body


def test_the_whole_page_is_small() -> None:
    assert sum(len(asset.body) for asset in ASSETS.values()) < LARGEST_PAGE_BYTES
    assert sum(len(asset.gzipped) for asset in ASSETS.values()) < LARGEST_SENT_BYTES


@pytest.mark.parametrize(("path", "asset"), sorted(ASSETS.items()))
def test_no_file_names_another_host(path: str, asset: Asset) -> None:
    found = set(re.findall(r"\b(?:https?|wss?|ftp)://[^\s\"'<>)]*|[\"'(]//\w[^\s\"'<>)]*", asset.body.decode()))
    assert found <= NAMESPACES, path


def test_nothing_of_the_page_is_inline_so_that_the_policy_may_forbid_it() -> None:
    page = ASSETS["/"].body.decode()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))
    assert "'unsafe" not in CONTENT_POLICY


def test_no_script_makes_markup_or_code_of_text() -> None:
    for path, asset in ASSETS.items():
        if path.endswith(".js"):
            found = re.findall(
                r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|setHTMLUnsafe",
                asset.body.decode(),
            )
            assert found == [], path


def test_every_file_that_the_page_names_is_served() -> None:
    named = re.findall(r'(?:href|src)="([^"#:]+)"', ASSETS["/"].body.decode())
    missing = {f"/{name}" for name in named if "." in name} - set(ASSETS)
    assert missing == set()
    for path, asset in ASSETS.items():
        if path.endswith(".js"):
            for name in re.findall(r'from "\./([^"]+)"', asset.body.decode()):
                assert f"{path.rpartition('/')[0]}/{name}" in ASSETS, (path, name)


def test_every_file_of_the_package_is_served() -> None:
    folder = files("playlista.serve.page")
    names = {entry.name for entry in folder.iterdir() if entry.name.endswith((".html", ".css", ".js", ".svg"))}
    assert {f"/{name}" for name in names} - {"/index.html"} <= set(ASSETS)
