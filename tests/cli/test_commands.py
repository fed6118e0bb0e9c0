"""A command is imported without the others, so the table of commands must say which module registers which."""

from __future__ import annotations

from importlib import import_module

import pytest
import typer

from playlista.cli import COMMANDS, app_for


def names(app: typer.Typer) -> list[str]:
    """What is registered in `app`: commands, then groups, as help lists them."""
    commands = [one.name or getattr(one.callback, "__name__", "") for one in app.registered_commands]
    return [*commands, *(one.name for one in app.registered_groups if isinstance(one.name, str))]


@pytest.mark.parametrize("module", sorted(set(COMMANDS.values())))
def test_the_table_names_every_command_that_a_module_registers(module: str) -> None:
    app = typer.Typer()
    import_module(f"playlista.cli.{module}").register(app)
    assert names(app) == [command for command, its in COMMANDS.items() if its == module]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_comes_with_no_other_modules(command: str) -> None:
    assert command in names(app_for([command, "--help"]))
    assert {COMMANDS[name] for name in names(app_for([command]))} == {COMMANDS[command]}


@pytest.mark.parametrize("arguments", [(), ("--help",), ("frobnicate", "run")])
def test_where_no_command_is_named_all_are_there(arguments: tuple[str, ...]) -> None:
    assert set(names(app_for(arguments))) == set(COMMANDS)
