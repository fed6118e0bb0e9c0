"""``python -m playlista`` and the ``playlista`` command: runs the command line, turns errors into one line."""

from __future__ import annotations

import os
import sys

from playlista.errors import ConfigError, PlaylistaError
from playlista.printable import printable
from playlista.system.processor import cpu_flags, require_numpy_baseline
from playlista.system.stop_signals import StopSignals


def main() -> None:
    """Run the command line. Exit codes: 0 good, 1 cannot do it, 2 wrong usage, 3 done but some tracks failed."""
    # First of all: as process 1 of a container we would not hear a signal that comes before.
    signals = StopSignals.catch() if sys.argv[1:2] in (["run"], ["worker"], ["scheduler"]) else None
    from typer import TyperException  # noqa: PLC0415 - so that an error while importing is also told in one line

    from playlista.cli import app_for  # noqa: PLC0415

    try:
        require_numpy_baseline(cpu_flags())
        app = app_for(sys.argv[1:])
        sys.exit(app(prog_name="playlista", standalone_mode=False, obj=signals))
    except TyperException as error:
        fail(_wrong_usage(error), 2)
    except ConfigError as error:
        fail(str(error), 2)
    except PlaylistaError as error:
        fail(str(error), 1)
    except OSError as error:
        # An error that names a file is about that file, and a daemon writes nothing to standard output.
        if error.filename is not None or signals is not None:
            raise
        _discard_stdout()
        fail(f"standard output: cannot be written ({error.strerror}); send it elsewhere", 1)


def _discard_stdout() -> None:
    """Let what is still buffered vanish: the interpreter would complain of it in lines of its own when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _wrong_usage(error: Exception) -> str:
    """What the command line's library says of wrong usage, as one line, and where help is."""
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "playlista"
    return f"{' '.join(message.split()).rstrip('.')}; `{command} --help` says what there is"


def fail(message: str, code: int) -> None:
    """Say `message` in one line on stderr and end with `code`."""
    print(f"playlista: {printable(message)}", file=sys.stderr)  # noqa: T201 - the command line's own error channel
    sys.exit(code)


if __name__ == "__main__":
    main()
