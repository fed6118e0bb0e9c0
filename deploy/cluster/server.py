"""A real Kubernetes API server on this machine's loopback: etcd and kube-apiserver, without nodes and controllers.

Input: a folder for its state, and the programs that ``build.sh`` builds. Output: `ApiServer`, which answers requests
and has a kubeconfig for Helm. Every admission plug-in that is on by default is on, Pod Security among them.
"""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.checks.tools import PROJECT, run

PROGRAMS = PROJECT / "build/cluster/bin"

START_SECONDS = 180.0
REQUEST_SECONDS = 60.0

Manifest = dict[str, Any]


class ApiServerError(Exception):
    """The server did not start; the text ends with the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON of a response."""

    status: int
    body: Manifest

    @property
    def message(self) -> str:
        """What the server says in words; empty for an object."""
        return str(self.body.get("message", "")) if self.status >= 400 else ""


@dataclass(frozen=True, slots=True)
class ApiServer:
    """A running server, for as long as the block of `api_server` lasts."""

    port: int
    token: str
    authority: Path
    kubeconfig: Path

    def request(self, method: str, path: str, body: Manifest | None = None) -> Answer:
        """Send one request.

        Raises
        ------
        OSError, http.client.HTTPException : the server does not answer.
        """
        context = ssl.create_default_context(cafile=str(self.authority))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=REQUEST_SECONDS, context=context)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if "json" not in response.headers.get("Content-Type", ""):
            return Answer(response.status, {"message": text.decode(errors="replace")})
        return Answer(response.status, json.loads(text))

    def version(self) -> str:
        """Version of Kubernetes, such as ``v1.34.2``."""
        return str(self.request("GET", "/version").body["gitVersion"])


@contextmanager
def api_server(folder: Path) -> Iterator[ApiServer]:
    """A server with its state in `folder`.

    Raises
    ------
    ApiServerError : it was not ready in time.
    """
    etcd, peers, port = _free_ports(3)
    server = _configured(folder, port)
    urls = f"http://127.0.0.1:{etcd}", f"http://127.0.0.1:{peers}"
    log = folder / "kube-apiserver.log"
    with (
        _running(_etcd_command(folder, *urls), folder / "etcd.log"),
        _running(_server_command(folder, urls[0], port), log) as process,
    ):
        _wait_until_ready(server, process, log)
        yield server


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _configured(folder: Path, port: int) -> ApiServer:
    """Key, certificate, token and kubeconfig in `folder`."""
    token = secrets.token_hex(16)
    key, certificate = folder / "server.key", folder / "server.crt"
    subject = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2")
    made = run(
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, *subject
    )
    if made.code:
        raise ApiServerError(made.output)
    (folder / "tokens.csv").write_text(f'{token},admin,admin,"system:masters"\n', "utf-8")
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(json.dumps(_kubeconfig(port, token, certificate)), "utf-8")
    return ApiServer(port, token, certificate, kubeconfig)


def _kubeconfig(port: int, token: str, certificate: Path) -> Manifest:
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority": str(certificate)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "trial", "cluster": cluster}],
        "users": [{"name": "trial", "user": {"token": token}}],
        "contexts": [{"name": "trial", "context": {"cluster": "trial", "user": "trial"}}],
        "current-context": "trial",
    }


def _etcd_command(folder: Path, clients: str, peers: str) -> list[str]:
    flags = {
        "data-dir": folder / "etcd",
        "listen-client-urls": clients,
        "advertise-client-urls": clients,
        "listen-peer-urls": peers,
        "initial-advertise-peer-urls": peers,
        "initial-cluster": f"default={peers}",
    }
    return [str(PROGRAMS / "etcd"), *_flags(flags), "--unsafe-no-fsync"]


def _server_command(folder: Path, etcd: str, port: int) -> list[str]:
    flags = {
        "etcd-servers": etcd,
        "bind-address": "127.0.0.1",
        "advertise-address": "127.0.0.1",
        "secure-port": port,
        "tls-cert-file": folder / "server.crt",
        "tls-private-key-file": folder / "server.key",
        "service-account-key-file": folder / "server.key",
        "service-account-signing-key-file": folder / "server.key",
        "service-account-issuer": f"https://127.0.0.1:{port}",
        "token-auth-file": folder / "tokens.csv",
        "authorization-mode": "RBAC",
        "service-cluster-ip-range": "10.96.0.0/16",
        "endpoint-reconciler-type": "none",
    }
    return [str(PROGRAMS / "kube-apiserver"), *_flags(flags)]


def _flags(flags: Mapping[str, object]) -> list[str]:
    return [f"--{name}={value}" for name, value in flags.items()]


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(server: ApiServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError, http.client.HTTPException):
            if server.request("GET", "/readyz").status == 200:
                return
        time.sleep(0.2)
    last = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
    raise ApiServerError(f"kube-apiserver was not ready within {START_SECONDS:g} s:\n{last}")
