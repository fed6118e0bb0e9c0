"""The scripts inside the image: who the daemon runs as, and when it counts as healthy."""

from __future__ import annotations

import os
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from deploy.checks.tools import PROJECT

ENTRYPOINT = PROJECT / "deploy/image/entrypoint.sh"
HEALTHCHECK = PROJECT / "deploy/image/healthcheck.py"

as_root = pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv")


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Path]:
    """A folder with ``bin/playlista``, which says who runs it and how, and ``data``."""
    root = (
        Path("/tmp") / f"playlista-entrypoint-{os.getpid()}-{tmp_path.name}"
    )  # reached by any user, as tmp_path is not
    (root / "bin").mkdir(parents=True)
    (root / "data").mkdir()
    program = root / "bin/playlista"
    program.write_text('#!/bin/sh\necho "$(id -u):$(id -g):$(id -G)" "$(umask)" "$$" "$@"\n', "utf-8")
    program.chmod(0o755)
    try:
        yield root
    finally:
        shutil.rmtree(root)


def start(container: Path, *arguments: str, user: int | None = None, **environment: str) -> subprocess.Popen[str]:
    """Start the entrypoint as the image does."""
    return subprocess.Popen(
        [ENTRYPOINT, *arguments],
        env={"PATH": f"{container / 'bin'}:{os.environ['PATH']}", "DATA_DIR": str(container / "data"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        user=user,
        group=user,
        extra_groups=[] if user else None,
    )


@as_root
def test_root_gives_way_to_65534(container: Path) -> None:
    out, _ = start(container, "run").communicate()
    assert out.split()[0] == "65534:65534:65534"


@as_root
def test_root_gives_way_to_puid_and_pgid_and_hands_them_the_data(container: Path) -> None:
    (container / "data/playlista.db").write_bytes(b"")
    out, _ = start(container, "run", PUID="1026", PGID="100").communicate()
    assert out.split()[0] == "1026:100:100"
    owners = {
        (entry.stat().st_uid, entry.stat().st_gid) for entry in (container / "data", container / "data/playlista.db")
    }
    assert owners == {(1026, 100)}


@as_root
def test_words_for_ids_end_with_2_and_the_remedy(container: Path) -> None:
    process = start(container, "run", PUID="alice")
    out, err = process.communicate()
    assert (process.returncode, out) == (2, "")
    assert "both have to be numbers" in err


@as_root
def test_another_user_stays_who_it_is_whatever_puid_says(container: Path) -> None:
    out, _ = start(container, "run", user=1000, PUID="1026").communicate()
    assert out.split()[0] == "1000:1000:1000"


def test_the_daemon_takes_the_place_of_the_script_and_its_arguments(container: Path) -> None:
    process = start(container, "analyze", "a b", "c", PUID=str(os.getuid()), PGID=str(os.getgid()))
    out, _ = process.communicate()
    _, _, pid, *arguments = out.split()
    assert int(pid) == process.pid
    assert arguments == ["analyze", "a", "b", "c"]


@pytest.mark.parametrize(("setting", "umask"), [({}, "0022"), ({"UMASK": "027"}, "0027")])
def test_umask_is_022_unless_set(setting: dict[str, str], umask: str, container: Path) -> None:
    out, _ = start(container, "run", PUID=str(os.getuid()), PGID=str(os.getgid()), **setting).communicate()
    assert out.split()[1] == umask


class Answer(BaseHTTPRequestHandler):
    """200 for /healthz, 503 for the rest."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 503)
        self.end_headers()

    def log_message(self, *_said: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[int]:
    """Port of a server that answers as `Answer` does."""
    with HTTPServer(("127.0.0.1", 0), Answer) as answering:
        thread = threading.Thread(target=answering.serve_forever)
        thread.start()
        yield answering.server_address[1]
        answering.shutdown()
        thread.join()


def healthcheck(tmp_path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the health check as HEALTHCHECK does, but for the place of the package."""
    return subprocess.run(
        [sys.executable, HEALTHCHECK, *arguments],
        env={"PYTHONPATH": str(PROJECT / "daemon"), **environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_daemon_that_answers_is_healthy(server: int, tmp_path: Path) -> None:
    for address in (f"127.0.0.1:{server}", f"0.0.0.0:{server}"):
        assert healthcheck(tmp_path, LISTEN_ADDRESS=address).returncode == 0


def test_a_daemon_behind_a_unix_socket_is_healthy_while_it_listens(tmp_path: Path) -> None:
    path = tmp_path / "playlista.sock"
    with socketserver.UnixStreamServer(os.fspath(path), Answer) as answering:
        answering.get_request = lambda: (answering.socket.accept()[0], ("local", 0))  # type: ignore[method-assign]
        thread = threading.Thread(target=answering.serve_forever)
        thread.start()
        assert healthcheck(tmp_path, LISTEN_ADDRESS=f"unix:{path}").returncode == 0
        answering.shutdown()
        thread.join()
    assert healthcheck(tmp_path, LISTEN_ADDRESS=f"unix:{path}").returncode == 1


def test_an_address_from_the_file_of_settings_is_used(server: int, tmp_path: Path) -> None:
    (tmp_path / "playlista.conf").write_text(f"LISTEN_ADDRESS=127.0.0.1:{server}\n", "utf-8")
    assert healthcheck(tmp_path).returncode == 0


def test_an_error_status_is_not_healthy(server: int, tmp_path: Path) -> None:
    checked = healthcheck(tmp_path, f"http://127.0.0.1:{server}/readyz")
    assert (checked.returncode, checked.stderr) == (1, f"http://127.0.0.1:{server}/readyz: status 503\n")


def test_nobody_there_is_not_healthy_and_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        checked = healthcheck(tmp_path, LISTEN_ADDRESS=f"127.0.0.1:{taken.getsockname()[1]}")
    assert checked.returncode == 1
    assert checked.stderr.count("\n") == 1
    assert "refused" in checked.stderr
