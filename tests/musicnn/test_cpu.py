"""What the kernel says of the processor."""

from __future__ import annotations

from pathlib import Path

import pytest

from playlista.musicnn.cpu import cpu_flags
from playlista.musicnn.runtimes.runtime import has_avx

ATOM = "processor\t: 0\nmodel name\t: Intel(R) Atom(TM) CPU D2700\nflags\t\t: fpu vme sse sse2 ssse3 movbe\n\n"
HASWELL = "processor\t: 0\nflags\t\t: fpu sse2 avx avx2 fma\nbugs\t\t: spectre_v1\n"
ARM = "processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm crc32\n"


@pytest.mark.parametrize(
    ("text", "runs"), [(ATOM, False), (HASWELL, True), (ARM, True), ("", True)], ids=["atom", "haswell", "arm", "empty"]
)
def test_a_processor_has_avx_unless_the_kernel_lists_its_flags_without(text: str, runs: bool, tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    assert has_avx(cpu_flags(tmp_path / "cpuinfo")) is runs


def test_the_flags_of_the_first_processor_are_read(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(HASWELL)
    assert cpu_flags(tmp_path / "cpuinfo") == {"fpu", "sse2", "avx", "avx2", "fma"}


def test_where_there_is_no_cpuinfo_nothing_is_known(tmp_path: Path) -> None:
    assert cpu_flags(tmp_path / "absent") is None
