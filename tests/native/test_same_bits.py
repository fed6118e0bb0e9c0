"""One signal has one answer on every processor: instructions and optimizations change no bit of a kernel's."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.native.machines import machines


@pytest.mark.exhaustive
def test_every_processor_that_can_be_tried_here_gives_the_same_bits(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or pytest.skip("there is no C compiler")
    found = dict(machines(tmp_path, compiler))
    assert len(set(found.values())) == 1, found
    assert len(found["this machine"].splitlines()) == 27
