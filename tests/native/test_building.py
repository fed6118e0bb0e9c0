"""How the kernels are built, chosen and refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from playlista.native import build, library
from playlista.native.kernels import Kernels

UNOPTIMIZED = tuple("-O0" if flag == "-O3" else flag for flag in build.FLAGS)


@pytest.fixture(autouse=True)
def compiled_in_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without optimization, in a fifth of the time: nothing here computes with what is built."""
    monkeypatch.setattr(build, "FLAGS", UNOPTIMIZED)


@pytest.fixture(scope="module")
def built(kernels: Kernels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with kernels that no test changes; skipped without a compiler."""
    made = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "FLAGS", UNOPTIMIZED)
        if why := build.build(folder=made):
            pytest.skip(why)
    return made


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    """A folder with kernels of its own."""
    return Path(shutil.copytree(built, tmp_path, dirs_exist_ok=True))


def test_what_was_built_is_chosen_and_off_is_off(folder: Path) -> None:
    assert library.choose_kernels("auto", folder).name == "native"
    choice = library.choose_kernels("off", folder)
    assert (choice.name, choice.kernels) == ("numpy", None)
    assert "NATIVE_KERNELS is off" in choice.why


def test_without_a_library_numpy_computes_and_it_is_said_why(tmp_path: Path) -> None:
    choice = library.choose_kernels("auto", tmp_path)
    assert choice.name == "numpy"
    assert "not compiled" in choice.why


def test_a_library_of_other_sources_is_never_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "checksum", lambda: "0" * 16)
    monkeypatch.setattr(library, "checksum", lambda: "0" * 16)
    library.choose_kernels.cache_clear()
    assert "not compiled for these sources" in library.choose_kernels("auto", folder).why


def test_a_library_under_the_name_of_another_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "checksum", lambda: "0" * 16)
    library.choose_kernels.cache_clear()
    assert "other sources" in library.choose_kernels("auto", folder).why


def test_a_file_that_is_no_library_is_refused(tmp_path: Path) -> None:
    library_file = build.library_path(tmp_path)
    library_file.write_bytes(b"\x7fELF and nothing else")
    build.seal(library_file)
    choice = library.choose_kernels("auto", tmp_path)
    assert choice.name == "numpy"
    assert "cannot be loaded" in choice.why


def test_a_library_that_lacks_a_kernel_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "other.c"
    source.write_text("int other(void) { return 0; }\n")
    target = build.library_path(tmp_path)
    compiler = shutil.which("cc") or pytest.skip("there is no C compiler")
    build.subprocess.run([compiler, "-shared", "-fPIC", "-o", target, source], check=True)
    build.seal(target)
    assert "cannot be loaded" in library.choose_kernels("auto", tmp_path).why


@pytest.mark.parametrize("kept", [0, 20, 1000, 20_000, -1])
def test_a_library_cut_short_is_refused_rather_than_loaded_and_built_again(folder: Path, kept: int) -> None:
    library_file = build.library_path(folder)
    whole = library_file.read_bytes()
    library_file.write_bytes(whole[:kept])
    assert "damaged" in library.choose_kernels("auto", folder).why
    library.choose_kernels.cache_clear()
    build.main(["--into", str(folder)])
    assert library.choose_kernels("auto", folder).name == "native"


def test_a_library_with_a_page_of_zeros_is_refused_rather_than_loaded(folder: Path) -> None:
    library_file = build.library_path(folder)
    whole = library_file.read_bytes()
    library_file.write_bytes(whole[:8192] + bytes(4096) + whole[12288:])
    assert "damaged" in library.choose_kernels("auto", folder).why


def test_a_new_library_takes_the_place_of_older_ones(folder: Path) -> None:
    older = folder / f"kernels-{build.platform.machine()}-0123456789abcdef.so"
    other = folder / "kernels-other-0123456789abcdef.so"
    older.touch()
    other.touch()
    assert build.build(folder=folder) is None
    assert [older.exists(), other.exists(), build.library_path(folder).exists()] == [False, True, True]


def test_without_a_compiler_there_is_one_line_and_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build.main(["--compiler", "no-such-compiler", "--into", str(tmp_path)])
    said = capsys.readouterr().err.splitlines()
    assert said[-1].startswith("playlista: no native kernels, there is no C compiler (no-such-compiler)")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_not_taken_for_a_missing_compiler(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build.main(["--into", str(tmp_path / "missing")])
    said = capsys.readouterr().err
    assert "missing" in said
    assert "C compiler" not in said


def test_a_compiler_that_fails_is_one_line_and_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build.main(["--compiler", "false", "--into", str(tmp_path)])
    assert "false failed" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_what_is_built_already_is_not_built_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = build.library_path(folder).stat().st_mtime_ns
    build.main(["--into", str(folder)])
    assert capsys.readouterr().err == ""
    assert build.library_path(folder).stat().st_mtime_ns == before
