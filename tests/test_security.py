"""Promises of docs/threat-model.md that can be read from the sources, from the locks, or from a folder afterwards."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import signals

LOCKS = ("requirements.lock", "requirements-lean.lock", "requirements-test.lock")
#: A name and one exact version, perhaps for some machines only.
PINNED = re.compile(r"[a-z0-9][a-z0-9._-]*==[0-9][^\s;]*( ; .+)?", re.IGNORECASE)
HASHED = re.compile(r"--hash=sha256:[0-9a-f]{64}")
#: What turns data into code, or a file name into a command.
DANGEROUS_CALLS = {"eval", "exec", "compile", "system", "popen", "getoutput", "getstatusoutput"}
DANGEROUS_MODULES = {"pickle", "cPickle", "dill", "shelve", "marshal", "joblib", "xml", "telnetlib"}


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_locked_to_one_version_by_hash_and_none_to_an_address(name: str, project_root: Path) -> None:
    text = (project_root / name).read_text().replace("\\\n", " ")
    requirements = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(requirements) > 20
    for requirement in requirements:
        words = [word for word in requirement if not word.startswith("--hash=")]
        hashes = requirement[len(words) :]
        assert PINNED.fullmatch(" ".join(words)), requirement
        assert hashes, requirement
        assert all(map(HASHED.fullmatch, hashes)), requirement


def sources(root: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((root / "daemon").rglob("*.py")):
        yield path, ast.parse(path.read_text())


def test_no_data_becomes_code_and_no_shell_is_called(project_root: Path) -> None:
    found = []
    for path, module in sources(project_root):
        for node in ast.walk(module):
            if isinstance(node, ast.Call):
                named = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                builtin = isinstance(node.func, ast.Name) or named not in {"compile"}  # re.compile is another matter
                if named in DANGEROUS_CALLS and builtin:
                    found.append(f"{path}:{node.lineno}: {named}()")
                found += [f"{path}:{node.lineno}: shell" for word in node.keywords if word.arg == "shell"]
                found += [
                    f"{path}:{node.lineno}: {word.arg}"
                    for word in node.keywords
                    if word.arg == "allow_pickle"
                    and not (isinstance(word.value, ast.Constant) and not word.value.value)
                ]
            if isinstance(node, ast.Import | ast.ImportFrom):
                modules = (
                    [node.module or ""] if isinstance(node, ast.ImportFrom) else [name.name for name in node.names]
                )
                found += [
                    f"{path}:{node.lineno}: {name}" for name in modules if name.split(".")[0] in DANGEROUS_MODULES
                ]
    assert found == []


def fingerprint(folder: Path) -> dict[str, tuple[int, int, int, str]]:
    """Mode, size, time and content of everything in `folder`."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[os.fspath(path.relative_to(folder))] = (status.st_mode, status.st_size, status.st_mtime_ns, content)
    return found


def test_a_run_changes_nothing_in_the_music_folder(
    tmp_path: Path, project_root: Path, clean_environment: dict[str, str]
) -> None:
    music = tmp_path / "music"
    music.mkdir()
    sound = signals.write(music / "sound.flac", signals.song(3)).read_bytes()
    (music / "cut.flac").write_bytes(sound[: len(sound) // 2])
    (music / "text.mp3").write_text("no sound")
    (music / "empty.ogg").touch()
    before = fingerprint(music)

    environment = clean_environment | {
        "PYTHONPATH": os.fspath(project_root / "daemon"),
        "WATCH_SETTLE_SECONDS": "0",
        "RETRY_BACKOFF_SECONDS": "0",
        "MUSICNN_RUNTIME": "off",
    }
    command = [
        sys.executable,
        "-m",
        "playlista",
        "run",
        "--once",
        "--music",
        str(music),
        "--data",
        str(tmp_path / "data"),
    ]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, timeout=120, check=False)

    assert done.returncode == 3, done.stderr.decode()[-2000:]
    assert fingerprint(music) == before
