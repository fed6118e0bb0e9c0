"""What native libraries read at import is there before them, shown in real processes by the libraries themselves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from playlista.errors import ConfigError
from playlista.memory.cpu_quota import affinity_cpus
from playlista.system.environment import MALLOC_OPTIONS, NATIVE_MODULES, prepare_environment
from tests.system.fresh_python import COUNT_ARENAS, COUNT_FAULTS, PREPARE, needs_glibc, run_python

TF_VALUES = {"TF_ENABLE_ONEDNN_OPTS": "0", "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"}


def test_settings_thread_counts_and_malloc_variables_are_set_where_nothing_was() -> None:
    environ: dict[str, str] = {}
    prepared = prepare_environment(TF_VALUES, threads=3, environ=environ, imported=())
    assert environ.items() >= TF_VALUES.items()
    for pool in ("OMP", "NUMEXPR"):
        assert environ[f"{pool}_NUM_THREADS"] == "3"
    for pool in ("OPENBLAS", "MKL", "BLIS"):
        assert environ[f"{pool}_NUM_THREADS"] == "1"
    assert environ["TF_NUM_INTRAOP_THREADS"] == "3"
    assert environ["TF_NUM_INTEROP_THREADS"] == "1"
    assert environ["MALLOC_ARENA_MAX"] == "2"
    assert prepared.set == environ
    assert not prepared.kept


@pytest.mark.parametrize(("asked", "expected"), [(None, "4"), (1, "1"), (3, "3"), (8, "4")])
def test_an_inference_has_as_many_threads_as_asked_but_no_more_than_the_quota(asked: int | None, expected: str) -> None:
    environ: dict[str, str] = {}
    prepare_environment({}, threads=4, inference_threads=asked, environ=environ, imported=())
    assert environ["TF_NUM_INTRAOP_THREADS"] == expected


def test_what_the_operator_has_set_stays() -> None:
    environ = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "0", "MALLOC_ARENA_MAX": "4", "HOME": "/root"}
    before = dict(environ)
    prepared = prepare_environment(TF_VALUES, threads=3, environ=environ, imported=())
    assert {name: environ[name] for name in before} == before
    assert prepared.kept == {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "0", "MALLOC_ARENA_MAX": "4"}


@pytest.mark.parametrize("module", NATIVE_MODULES)
def test_it_refuses_when_a_library_has_read_its_environment_already(module: str) -> None:
    environ: dict[str, str] = {}
    with pytest.raises(ConfigError, match=module):
        prepare_environment(TF_VALUES, threads=1, environ=environ, imported={"os", module})
    assert environ == {}


def test_it_refuses_in_a_real_process_that_imported_numpy_first() -> None:
    code = f"import numpy\nfrom playlista.errors import ConfigError\ntry:\n    {PREPARE.splitlines()[0]}\n"
    code += "    prepare_environment({}, threads=1)\nexcept ConfigError as error:\n    print(error)\n"
    assert run_python(code).startswith("environment: numpy imported before")


def test_children_inherit_what_was_prepared() -> None:
    code = PREPARE + "import os, subprocess\nsubprocess.run(['env'], check=True)\n"
    inherited = dict(line.split("=", 1) for line in run_python(code).splitlines() if "=" in line)
    assert inherited["OMP_NUM_THREADS"] == "2"
    for option in MALLOC_OPTIONS:
        assert inherited[option.variable] == str(option.value)


@pytest.mark.skipif(affinity_cpus() < 2, reason="BLAS makes no more threads than there are CPUs, and there is one")
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted in /proc")
def test_numpy_makes_no_threads_that_spin_unless_the_operator_wants_them() -> None:
    multiply = "import os, numpy\nnumpy.ones((512, 512)) @ numpy.ones((512, 512))\n"
    count = PREPARE + multiply + "print(len(os.listdir('/proc/self/task')))"
    assert int(run_python(count)) == 1
    assert int(run_python(count, OPENBLAS_NUM_THREADS="2")) == 2


@pytest.mark.slow
@pytest.mark.skipif(affinity_cpus() < 2, reason="TensorFlow's pool is no wider than one where there is one CPU")
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted in /proc")
def test_tensorflows_pools_have_the_widths_that_were_prepared(models_dir: Path) -> None:
    def threads(width: int) -> int:
        prepare = PREPARE.replace("threads=2", f"threads={width}")
        load = f"from playlista.musicnn.files import ModelFiles\nfiles = ModelFiles.find(Path({str(models_dir)!r}))\n"
        run = "load_runtime('essentia', files, 1).activations(numpy.zeros((1, 187, 96), numpy.float32))\n"
        imports = (
            "import os, numpy\nfrom pathlib import Path\nfrom playlista.musicnn.runtimes.runtime import load_runtime\n"
        )
        return int(run_python(prepare + imports + load + run + "print(len(os.listdir('/proc/self/task')))"))

    assert threads(6) - threads(2) == 4


@needs_glibc
def test_sixteen_threads_share_two_arenas_without_a_second_start_of_the_interpreter() -> None:
    assert int(run_python(COUNT_ARENAS)) > 2
    assert int(run_python(PREPARE + COUNT_ARENAS)) <= 2


@needs_glibc
def test_an_arena_count_from_the_operator_is_not_overruled() -> None:
    assert int(run_python(PREPARE + COUNT_ARENAS, MALLOC_ARENA_MAX="5")) == 5


@needs_glibc
def test_large_buffers_are_found_again_in_the_heap_instead_of_faulted_in() -> None:
    pages = (8 << 20) // os.sysconf("SC_PAGE_SIZE")
    low = {"MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_MMAP_THRESHOLD_": "131072"}
    # Transparent huge pages would take one fault for many pages; with them neither figure says anything.
    faults_when_returned = int(run_python(COUNT_FAULTS, **low))
    if faults_when_returned < 50 * pages:
        pytest.skip("this kernel backs blocks of 8 MiB with huge pages")
    assert int(run_python(PREPARE + COUNT_FAULTS)) < 2 * pages


def test_preparing_imports_nothing_heavy_and_takes_a_few_milliseconds() -> None:
    code = """
import sys, time
before = set(sys.modules)
started = time.process_time()
from playlista.system.environment import prepare_environment
prepare_environment({}, threads=1)
elapsed = time.process_time() - started
heavy = {"numpy", "structlog", "typer", "essentia", "soundfile", "prometheus_client", "psutil"} & set(sys.modules)
print(elapsed * 1000, *heavy)
"""
    fastest, *heavy = min((run_python(code).split() for _ in range(5)), key=lambda words: float(words[0]))
    assert not heavy
    # Measured 4 ms, half of it ctypes; the bound allows for slow disks and is still far below a second start.
    assert float(fastest) < 30
