"""What the kernel says of the processor."""

from __future__ import annotations

from pathlib import Path

import pytest

from playlista.__main__ import main
from playlista.errors import MachineError
from playlista.system.processor import cpu_flags, has_avx, require_numpy_baseline

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


# Flags that /proc/cpuinfo lists for these processors; NumPy's baseline is x86-64-v2 (System V psABI for x86-64, 3.1.1).
OLDEST_THAT_WILL_DO = "fpu sse sse2 ht syscall nx lm pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm"


def test_a_processor_of_the_level_that_numpy_needs_and_one_that_says_nothing_are_taken() -> None:
    require_numpy_baseline(frozenset(OLDEST_THAT_WILL_DO.split()))
    require_numpy_baseline(None)


@pytest.mark.parametrize(
    ("flags", "missing"),
    [("fpu sse sse2 pni ssse3 movbe", "popcnt, sse4_1, sse4_2"), ("sse2 pni ssse3 sse4_1", "popcnt, sse4_2")],
    ids=["Atom D2700", "Core 2 Penryn"],
)
def test_an_older_processor_is_refused_with_what_it_lacks_before_numpy_ends_the_process(
    flags: str, missing: str
) -> None:
    with pytest.raises(MachineError, match=f"no {missing}, which NumPy needs") as refused:
        require_numpy_baseline(frozenset(flags.split()))
    assert "\n" not in str(refused.value)


def test_on_an_older_processor_every_command_ends_with_one_line_and_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("playlista.__main__.cpu_flags", lambda: frozenset({"sse2", "pni", "ssse3"}))
    monkeypatch.setattr("sys.argv", ["playlista", "doctor"])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert said.startswith("playlista: this processor has no popcnt, sse4_1, sse4_2")
    assert said.count("\n") == 1
