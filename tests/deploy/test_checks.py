"""Every check of ``make check-deploy`` passes on the project, and fails when its subject is broken on purpose."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.checks.__main__ import CHECKS, main
from deploy.checks.image import PROMISES
from deploy.checks.tools import PROJECT
from deploy.checks.workflow import PROMISES as RELEASE_PROMISES
from tests.deploy.breakages import BROKEN, BROKEN_PROMISES, BROKEN_RELEASE, replace, spare_value_sets
from tests.deploy.conftest import copy_project
from tests.exhaustive import but_few


@pytest.mark.parametrize("name", but_few(CHECKS, *(name for name in CHECKS if name != "prometheus: unit tests")))
def test_a_check_passes_on_the_project_and_fails_on_one_that_was_broken(
    name: str, tmp_path: Path, problems_of: Callable[..., list[str]]
) -> None:
    assert problems_of(CHECKS[name], PROJECT) == []
    assert_broken_is_found(name, slice(1), tmp_path, problems_of)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", CHECKS)
def test_a_check_fails_on_each_that_was_broken(
    name: str, tmp_path: Path, problems_of: Callable[..., list[str]]
) -> None:
    assert_broken_is_found(name, slice(1, None), tmp_path, problems_of)


def assert_broken_is_found(name: str, which: slice, tmp_path: Path, problems_of: Callable[..., list[str]]) -> None:
    """Each of these projects, broken one by one, makes the check complain of what is wrong with it."""
    passed = {}
    for number, (_, complaint, break_it) in enumerate([broken for broken in BROKEN if broken[0] == name][which]):
        project = copy_project(tmp_path / str(number))
        if name != "chart: lint":
            spare_value_sets(project)
        break_it(project)
        problems = problems_of(CHECKS[name], project)
        if not any(complaint in problem for problem in problems):
            passed[complaint] = problems
    assert passed == {}


def test_every_check_is_broken_at_least_once() -> None:
    assert {name for name, _, _ in BROKEN} == set(CHECKS)
    assert set(BROKEN_PROMISES) == set(PROMISES)
    assert set(BROKEN_RELEASE) == set(RELEASE_PROMISES)


@pytest.fixture
def two_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command runs one check that needs a tool and one that needs none: each alone is tried above."""
    few = ("chart: lint", "prometheus: every alert explained")
    monkeypatch.setattr("deploy.checks.__main__.CHECKS", {name: CHECKS[name] for name in few})


@pytest.mark.usefixtures("two_checks")
def test_a_broken_project_ends_the_command_with_1(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace("docs/runbook.md", "## PlaylistaDown", "## Down")(project)
    assert main(project, skips_fail=False) == 1
    assert re.search(r"^FAIL  prometheus: every alert explained$", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.usefixtures("two_checks")
def test_a_missing_tool_is_said_and_fails_in_continuous_integration(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("deploy.checks.tools._FOLDERS", str(project))
    main(project, skips_fail=False)
    assert "skip  chart: lint: helm is not here; run sh deploy/tools.sh" in capsys.readouterr().out
    assert main(project, skips_fail=True) == 1
