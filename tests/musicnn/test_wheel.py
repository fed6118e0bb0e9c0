"""Only the very wheel that we know is opened, and pip's failures come as one line."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path

import pytest

from playlista.errors import ModelError
from playlista.musicnn.conversion.wheel import SHA256, Wheel, fetch_wheel, open_wheel


def test_another_file_is_refused_with_both_checksums_and_the_remedy(tmp_path: Path) -> None:
    other = tmp_path / "musicnn-0.1.0-py3-none-any.whl"
    other.write_bytes(b"something else")
    with pytest.raises(ModelError, match="--wheel FILE") as caught:
        open_wheel(other)
    assert SHA256 in str(caught.value)
    assert hashlib.sha256(b"something else").hexdigest() in str(caught.value)


@pytest.mark.parametrize("name", ["absent.whl", "."])
def test_a_wheel_that_cannot_be_read_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read the wheel .+ --wheel FILE"):
        open_wheel(tmp_path / name)


def test_where_pip_finds_nothing_its_reason_is_one_line_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    with pytest.raises(
        ModelError, match=r"pip could not fetch musicnn 0\.1\.0: .+; without a network give --wheel FILE"
    ):
        fetch_wheel()


def test_a_registry_that_is_down_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    with pytest.raises(
        ModelError,
        match=r"could not fetch musicnn 0\.1\.0: the package registry cannot be reached \(Connection refused\)",
    ):
        fetch_wheel()


def test_the_wheel_names_the_fifty_tags_and_its_licence(wheel: Wheel) -> None:
    labels = wheel.labels()
    assert len(labels) == len(set(labels)) == 50
    # The order of the Million Song Dataset's last.fm tags, https://github.com/keunwoochoi/MSD_split_for_tagging
    assert labels[:5] == ("rock", "pop", "alternative", "indie", "electronic")
    assert labels[-5:] == ("rnb", "indie pop", "sad", "House", "happy")
    assert "Permission to use, copy, modify, and/or distribute this software" in wheel.licence()
