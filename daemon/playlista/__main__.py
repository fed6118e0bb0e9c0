"""``python -m playlista`` and the ``playlista`` command: runs the command line, turns errors into one line."""

from __future__ import annotations

import os
import sys

from playlista.errors import ConfigError, PlaylistaError


def main() -> None:
    """Run the command line. Exit codes: 0 good, 1 cannot do it, 2 wrong usage, 3 done but some tracks failed."""
    from playlista.cli import app  # noqa: PLC0415 - so that an error while importing is also told in one line

    try:
        app(prog_name="playlista")
    except ConfigError as error:
        fail(error, 2)
    except PlaylistaError as error:
        fail(error, 1)
    except BrokenPipeError:
        # The reader went away (`playlista list | head`): not an error, but stdout must not be flushed again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def fail(error: PlaylistaError, code: int) -> None:
    """Say `error` in one line on stderr and end with `code`."""
    line = str(error).encode(errors="backslashreplace").decode().replace("\n", "\\n")
    print(f"playlista: {line}", file=sys.stderr)  # noqa: T201 - the command line's own error channel
    sys.exit(code)


if __name__ == "__main__":
    main()
