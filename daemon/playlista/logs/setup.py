"""Log lines: structlog events on stderr, as JSON for collectors or coloured for people.

What ``playlista analyze`` needs logs through the standard library, with the data of an event in ``extra``: structlog
brings asyncio, a twentieth of a second that a command of one second can do without. In the daemon both come out alike.
"""

from __future__ import annotations

import io
import logging
import sys
from contextlib import suppress
from typing import Any, TextIO

from playlista.logs.absence import absent
from playlista.logs.writer import DroppingHandler
from playlista.printable import printable

with absent("rich"):  # which it takes for traces in colour: 40 ms and 8 MB
    import structlog
from structlog.typing import EventDict, WrappedLogger


def configure_logging(level: str, log_format: str, stream: TextIO | None = None) -> None:
    """Send every event of `level` and above to `stream` (stderr), also those of the standard library.

    Parameters
    ----------
    level : debug, info, warning or error.
    log_format : "json" for one object a line, "console" for people.
    """
    output = stream or _unbuffered(sys.stderr)
    is_json = log_format == "json"
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        _time_stamper(is_json),
        structlog.processors.StackInfoRenderer(),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderer(is_json, output)],
    )
    handler = DroppingHandler(output)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def _time_stamper(is_json: bool) -> structlog.processors.TimeStamper:
    """Collectors want one time zone; people read the clock on the wall."""
    if is_json:
        return structlog.processors.TimeStamper(fmt="iso", utc=True)
    return structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False)


def _renderer(is_json: bool, output: TextIO) -> list[Any]:
    """What makes a line of an event."""
    if is_json:
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(sort_keys=False)]
    return [
        structlog.processors.format_exc_info,
        _escape_values,
        structlog.dev.ConsoleRenderer(
            colors=output.isatty(),
            pad_event_to=22,
            sort_keys=False,
            exception_formatter=structlog.dev.plain_traceback,  # also where somebody else brought rich in
        ),
    ]


def _unbuffered(stderr: TextIO) -> TextIO:
    """`stderr` without the buffer of its object, where it has a file.

    Python writes what is in that buffer once more when the process ends: a reader that is gone would then change the
    exit code, and one that stopped reading would keep the process from ending.
    """
    with suppress(OSError, ValueError, AttributeError):
        file = io.FileIO(stderr.fileno(), "w", closefd=False)
        return io.TextIOWrapper(file, stderr.encoding, "backslashreplace", write_through=True)
    return stderr


def _escape_values(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Make file names harmless for the terminal that the console format is for; JSON escapes by itself.

    The lines of a trace stay lines, each escaped by itself.
    """
    for key, value in event.items():
        if isinstance(value, str):
            lines = value.split("\n") if key == "exception" else [value]
            event[key] = "\n".join(map(printable, lines))
    return event
