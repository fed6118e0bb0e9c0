"""Who may join: certificates of one authority, and without them the loopback alone. Each refusal is one line."""

from __future__ import annotations

import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from playlista.cluster.certificates import make_certificates
from playlista.cluster.security import ClusterError, Credentials, credentials_for, probe
from playlista.errors import ConfigError, PlaylistaError

x509 = pytest.importorskip("cryptography.x509", reason="playlista[dask] is not installed")


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ours")
    make_certificates(folder, days=1)
    return folder


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("foreign")
    make_certificates(folder, days=1)
    return folder


@contextmanager
def listening(folder: Path | None) -> Iterator[str]:
    """A scheduler's port: greets whoever comes, over TLS with the certificates of `folder`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_greet_one, args=(server, folder), daemon=True)
        thread.start()
        yield f"{'tls' if folder else 'tcp'}://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def _greet_one(server: socket.socket, folder: Path | None) -> None:
    plain, _ = server.accept()
    try:
        with plain if folder is None else _secured(plain, folder) as connection:
            connection.sendall(b"hello")
            connection.recv(1)
    except OSError:
        plain.close()


def _secured(plain: socket.socket, folder: Path) -> ssl.SSLSocket:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(folder / "ca.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(folder / "scheduler.pem", folder / "scheduler.key")
    return context.wrap_socket(plain, server_side=True)


def test_certificates_are_made_once_and_keys_are_their_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "certificates"
    made = make_certificates(folder, days=1)
    parts = ("ca", "scheduler", "worker", "daemon")
    assert sorted(path.name for path in made) == sorted(f"{part}.{end}" for part in parts for end in ("pem", "key"))
    assert {path.stat().st_mode & 0o777 for path in folder.glob("*.key")} == {0o600}
    assert make_certificates(folder, days=1) == []
    former = (folder / "ca.pem").read_bytes()
    for left in folder.glob("worker.*"):
        left.unlink()
    assert {path.name for path in make_certificates(folder, days=1)} == {"worker.pem", "worker.key"}
    assert (folder / "ca.pem").read_bytes() == former


@pytest.mark.parametrize("missing", ["ca.key", "ca.pem", "worker.key", "worker.pem"])
def test_half_of_a_pair_is_said_in_one_line_and_nothing_is_replaced(tmp_path: Path, missing: str) -> None:
    make_certificates(tmp_path, days=1)
    (tmp_path / missing).unlink()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(PlaylistaError, match=f"{missing}: is missing.*put it back"):
        make_certificates(tmp_path, days=1)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("file", ["ca.key", "ca.pem"])
def test_a_broken_authority_is_said_in_one_short_line(tmp_path: Path, file: str) -> None:
    make_certificates(tmp_path, days=1)
    (tmp_path / file).write_text("no PEM")
    with pytest.raises(PlaylistaError, match=r"and ca\.key are no certificate and key of ours; name another"):
        make_certificates(tmp_path, days=1)


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlaylistaError, match="cannot be written"):
        make_certificates(tmp_path / "file" / "folder", days=1)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "tcp://[::1]:8786", "tcp://localhost:8786"])
def test_the_loopback_needs_no_certificates(address: str) -> None:
    assert credentials_for(address, "worker", tls_dir=None, insecure=False) is None


@pytest.mark.parametrize("address", ["tcp://0.0.0.0:8786", "tcp://10.0.0.5:8786", "tcp://scheduler:8786"])
def test_no_tls_beyond_this_machine_is_refused_unless_it_is_said_outright(address: str) -> None:
    with pytest.raises(ConfigError, match="CLUSTER_INSECURE"):
        credentials_for(address, "scheduler", tls_dir=None, insecure=False)
    assert credentials_for(address, "scheduler", tls_dir=None, insecure=True) is None


def test_tls_without_certificates_says_how_they_are_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="playlista cluster certificates"):
        credentials_for("tls://scheduler:8786", "daemon", tls_dir=None, insecure=False)
    with pytest.raises(ConfigError, match=r"ca\.pem: cannot be read"):
        credentials_for("tls://scheduler:8786", "daemon", tls_dir=tmp_path, insecure=False)


def test_members_of_one_authority_reach_each_other(ours: Path) -> None:
    with listening(ours) as address:
        probe(address, Credentials.of(ours, "worker"))


def test_a_foreign_authority_is_refused_in_one_line(ours: Path, foreign: Path) -> None:
    with listening(foreign) as address, pytest.raises(ClusterError, match="certificates of the same authority") as told:
        probe(address, Credentials.of(ours, "worker"))
    assert "\n" not in str(told.value)


def test_a_scheduler_that_does_not_know_us_is_told_apart_from_one_that_is_away(ours: Path, foreign: Path) -> None:
    # It knows its own authority alone; ours trusts it here, so that its refusal comes after the handshake.
    mixed = Credentials(foreign / "ca.pem", ours / "worker.pem", ours / "worker.key")
    with listening(foreign) as address, pytest.raises(ClusterError, match="no TLS with this scheduler"):
        probe(address, mixed)


def test_a_scheduler_without_tls_is_refused_by_who_wants_it(ours: Path) -> None:
    with listening(None) as address, pytest.raises(ClusterError, match="no TLS with this scheduler"):
        probe(address.replace("tcp", "tls"), Credentials.of(ours, "daemon"))


def test_a_scheduler_that_is_away_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ClusterError, match="cannot be reached"):
        probe(f"tcp://127.0.0.1:{port}", None)


@pytest.mark.parametrize(("file", "other"), [("worker.pem", None), ("worker.key", "worker.key"), ("ca.pem", None)])
def test_files_that_do_not_go_together_are_said_before_anybody_is_asked(
    tmp_path: Path, ours: Path, foreign: Path, file: str, other: str | None
) -> None:
    for path in ours.iterdir():
        shutil.copy(path, tmp_path)
    (tmp_path / file).write_bytes((foreign / other).read_bytes() if other else b"no PEM")
    with pytest.raises(ConfigError, match="damaged or do not go together") as said:
        Credentials.of(tmp_path, "worker")
    assert "\n" not in str(said.value)


def test_a_certificate_that_is_over_is_said_as_such(tmp_path: Path) -> None:
    make_certificates(tmp_path, days=-1)
    with listening(tmp_path) as address, pytest.raises(ClusterError, match=r"expired.*clocks"):
        probe(address, Credentials.of(tmp_path, "worker"))


def test_a_certificate_holds_from_the_day_before_since_clocks_differ_by_hours(ours: Path) -> None:
    certificate = x509.load_pem_x509_certificate((ours / "worker.pem").read_bytes())
    assert datetime.now(UTC) - certificate.not_valid_before_utc > timedelta(hours=20)
