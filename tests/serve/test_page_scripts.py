"""The page's modules compute what they should; Node runs them where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from tests.deadlines import DEADLINE_SECONDS


@pytest.mark.slow
def test_the_modules_of_the_page_compute_what_they_should(tmp_path: Path, project_root: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("Node is not installed")
    with as_file(files("playlista.serve.page")) as page:
        shutil.copytree(page / "js", tmp_path / "js")
    shutil.copy(project_root / "tests/page/units.test.mjs", tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    done = subprocess.run(
        ["node", "--test", "units.test.mjs"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout
