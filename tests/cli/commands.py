"""Commands of the command line in the process of the tests: the same `main`, and no start of 0.2 s for each."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from playlista.__main__ import main
from tests.integration.daemon import Daemon

#: What analyzes, in the environment that it prepares for native libraries. The others get ours, prepared long since.
IN_A_PROCESS = {"run", "analyze", "doctor"}


class CommandLine(Daemon):
    """A library with its commands; each that can be run here is."""

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        if arguments and arguments[0] in IN_A_PROCESS:
            return self.run_as_process(*arguments)
        return run_here(arguments, self.environment, self.data.parent)

    def run_as_process(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What people run."""
        return super().run(*arguments)


def run_here(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """``playlista`` with these arguments, as if it were started in `folder` with this environment."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(sys, "argv", ["playlista", *arguments]),
        mock.patch("playlista.cli.options.prepare_environment"),
        _working_in(folder),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = _exit_code()
    texts = [stream.buffer.getvalue().decode() for stream in (out, err)]
    return subprocess.CompletedProcess(list(arguments), code, *texts)


def _exit_code() -> int:
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    former = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(former)
