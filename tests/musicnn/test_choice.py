"""The fastest runtime that fits is taken, and the reason is said with its figures."""

from __future__ import annotations

import importlib.metadata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playlista.errors import ModelError
from playlista.musicnn.choice import FOOTPRINTS, Footprint, choose_runtime
from playlista.musicnn.runtimes.runtime import installed_runtimes, needs_avx

MIB = 1024**2
ALL = frozenset(FOOTPRINTS)
AVX = frozenset({"sse2", "avx", "avx2"})


@pytest.mark.parametrize(
    ("limit_mib", "installed", "expected"),
    [
        (192, ALL, "onnx"),
        (256, ALL, "onnx"),
        (512, ALL, "onnx"),
        (1024, ALL, "onnx"),
        (4096, ALL, "onnx"),
        (192, ALL - {"onnx"}, "numpy"),
        (4096, ALL - {"onnx"}, "numpy"),
        (192, {"essentia", "tensorflow"}, "essentia"),
        (256, {"essentia", "tensorflow"}, "essentia"),
        (512, {"essentia", "tensorflow"}, "essentia"),
        (1024, {"essentia", "tensorflow"}, "essentia"),
        (4096, {"essentia", "tensorflow"}, "essentia"),
        (112, ALL, "numpy"),
        (512, {"tensorflow"}, "tensorflow"),
    ],
)
def test_auto_takes_the_fastest_that_fits(limit_mib: int, installed: frozenset[str], expected: str) -> None:
    choice = choose_runtime("auto", limit_bytes=limit_mib * MIB, installed=installed, cpu_flags=AVX)
    assert choice.name == expected
    assert f"the limit is {limit_mib} MiB" in choice.why
    assert f"{FOOTPRINTS[expected].hour_seconds:.1f} s of CPU" in choice.why


@given(
    limit_mib=st.integers(16, 1 << 20),
    installed=st.sets(st.sampled_from(sorted(ALL)), min_size=1),
    cpu_flags=st.sampled_from([AVX, frozenset({"sse2"}), None]),
)
def test_auto_takes_nothing_that_is_too_large_missing_or_deadly_and_nothing_slower_than_it_must(
    limit_mib: int, installed: set[str], cpu_flags: frozenset[str] | None
) -> None:
    choice = choose_runtime("auto", limit_bytes=limit_mib * MIB, installed=installed, cpu_flags=cpu_flags)
    runs_here = {name for name in installed if cpu_flags != {"sse2"} or not needs_avx(name)}
    fitting = {name for name in runs_here if FOOTPRINTS[name].needs_mib <= limit_mib}
    if fitting:
        assert choice.name in fitting
        assert FOOTPRINTS[choice.name].hour_seconds == min(FOOTPRINTS[name].hour_seconds for name in fitting)
    else:
        assert choice.name is None
    for name in ALL - fitting - {choice.name}:
        faster = choice.name is None or FOOTPRINTS[name].hour_seconds < FOOTPRINTS[choice.name].hour_seconds
        assert (f"{name} " in choice.why) == faster, "every faster one that was passed over is named"


def test_without_avx_the_reason_names_it() -> None:
    choice = choose_runtime("auto", limit_bytes=4096 * MIB, installed={"tensorflow"}, cpu_flags={"sse2"})
    assert choice.name is None
    assert "tensorflow needs AVX" in choice.why


def test_essentia_needs_no_avx() -> None:
    choice = choose_runtime("auto", limit_bytes=4096 * MIB, installed={"essentia"}, cpu_flags={"sse2"})
    assert choice.name == "essentia"


@pytest.mark.parametrize(
    ("runtime", "package"), [("essentia", "essentia-tensorflow"), ("tensorflow", "tensorflow-cpu")]
)
def test_on_arm_a_runtime_without_a_wheel_is_refused_by_the_name_of_package_and_processor(
    runtime: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(ModelError) as refused:
        choose_runtime(runtime, limit_bytes=4096 * MIB, installed={"numpy", "onnx"}, cpu_flags=None)
    assert str(refused.value) == (
        f"MUSICNN_RUNTIME={runtime}: {package} does not exist for this processor (aarch64); set auto or numpy"
    )


def test_off_is_no_runtime_and_says_so() -> None:
    choice = choose_runtime("off", limit_bytes=4096 * MIB, installed=ALL, cpu_flags=AVX)
    assert (choice.name, choice.why) == (None, "MUSICNN_RUNTIME=off: tracks get no tags")


def test_a_runtime_asked_for_by_name_is_taken_and_a_limit_that_is_too_small_is_said() -> None:
    choice = choose_runtime("tensorflow", limit_bytes=192 * MIB, installed=ALL, cpu_flags=AVX)
    assert choice.name == "tensorflow"
    assert choice.why.endswith("the limit is 192 MiB, which is too little")


@pytest.mark.parametrize(
    ("installed", "cpu_flags", "complaint"),
    [({"numpy"}, AVX, "not installed"), (ALL, frozenset({"sse2"}), "no AVX")],
)
def test_a_runtime_asked_for_by_name_that_cannot_be_had_is_an_error(
    installed: frozenset[str], cpu_flags: frozenset[str], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    with pytest.raises(ModelError, match=complaint):
        choose_runtime("tensorflow", limit_bytes=4096 * MIB, installed=installed, cpu_flags=cpu_flags)


def test_what_is_installed_is_found_without_importing_it() -> None:
    installed = {distribution.name.lower() for distribution in importlib.metadata.distributions()}
    packages = {
        "numpy": {"numpy"},
        "essentia": {"essentia-tensorflow"},  # plain essentia has no TensorFlow
        "onnx": {"onnxruntime"},
        "tensorflow": {"tensorflow", "tensorflow-cpu", "tensorflow_cpu"},
    }
    assert installed_runtimes() == {name for name, any_of in packages.items() if any_of & installed}


def test_the_table_is_in_order_of_speed() -> None:
    speeds = [footprint.hour_seconds for footprint in FOOTPRINTS.values()]
    assert speeds == sorted(speeds)


def test_an_hour_of_music_is_the_start_and_1203_patches() -> None:
    # 3600 s * 16,000 Hz / (187 frames * 256 samples) = 1203.2
    assert Footprint(needs_mib=1, start_seconds=3.0, patch_ms=5.0).hour_seconds == pytest.approx(
        3.0 + 1203.2 * 0.005, rel=1e-4
    )
