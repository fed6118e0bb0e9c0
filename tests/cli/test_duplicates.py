"""``playlista duplicates`` on a small library."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from playlista.cli import app_for
from playlista.daemon.copy_finder import CopyFinder
from tests.libraries import open_parts
from tests.library.test_duplicates import add, heard


def test_duplicates_are_listed_as_a_table_and_as_json_and_narrowed_by_a_folder(tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    with open_parts(tmp_path) as parts:
        for path, seed in (("x/a.mp3", 1), ("y/a.mp3", 1), ("y/b.mp3", 2)):
            add(parts, path, heard(seed))
        CopyFinder(parts.database, stop=lambda: False).find(600)
    command = ["duplicates", "--data", str(tmp_path), "--music", str(tmp_path / "music")]
    told = CliRunner().invoke(app_for(command), command)
    assert told.exit_code == 0
    assert "x/a.mp3" in told.stdout
    assert "b.mp3" not in told.stdout
    (line,) = CliRunner().invoke(app_for(command), [*command, "--json"]).stdout.splitlines()
    assert [one["path"] for one in json.loads(line)["copies"]] == ["x/a.mp3", "y/a.mp3"]
    assert CliRunner().invoke(app_for(command), [*command, "--json", "x"]).stdout.splitlines() == [line]
    assert "no recording" in CliRunner().invoke(app_for(command), [*command, "y/b.mp3"]).stdout
    assert "no recording" in CliRunner().invoke(app_for(command), [*command, "--same-audio"]).stdout
