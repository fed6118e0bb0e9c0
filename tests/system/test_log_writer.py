"""Nobody who logs waits for the reader of the log."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
import threading

import pytest

from playlista.logs.writer import DroppingHandler


class Stuck(io.StringIO):
    """A stream whose reader reads on only when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.released = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.entered.set()
        self.released.wait()
        return super().write(text)


def record(text: str) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": text, "levelno": logging.INFO, "levelname": "INFO"})


def test_lines_that_nobody_reads_are_dropped_counted_and_said_when_somebody_reads_again() -> None:
    stream = Stuck()
    handler = DroppingHandler(stream, queued_lines=2)
    handler.emit(record("first"))
    assert stream.entered.wait(60)  # the writer holds it, and the queue is empty
    for number in range(10):
        handler.emit(record(f"line {number}"))
    assert handler.dropped == 8
    stream.released.set()
    handler.close()

    assert stream.getvalue().splitlines()[0] == "first"
    assert "line 0" in stream.getvalue()
    assert "log.dropped" in stream.getvalue()


def test_what_was_logged_is_written_in_order_before_the_end() -> None:
    stream = io.StringIO()
    handler = DroppingHandler(stream)
    for number in range(100):
        handler.emit(record(str(number)))
    handler.close()

    assert stream.getvalue().splitlines() == [str(number) for number in range(100)]


def test_a_closed_stream_is_endured() -> None:
    stream = io.StringIO()
    handler = DroppingHandler(stream)
    stream.close()
    handler.emit(record("lost"))
    handler.close()

    assert handler.dropped == 1


LOGS_MUCH = """
import logging
from playlista.logs import configure_logging
configure_logging("info", "json")
for number in range(3000):
    logging.info("a line of a log that fills the pipe, number %d", number)
"""


@pytest.mark.parametrize("is_gone", [False, True], ids=["stopped reading", "is gone"])
def test_a_process_whose_log_nobody_reads_ends_with_its_own_exit_code(is_gone: bool) -> None:
    reader, writer = os.pipe()
    process = subprocess.Popen([sys.executable, "-c", LOGS_MUCH], stderr=writer)
    os.close(writer)
    if is_gone:
        os.close(reader)
    try:
        assert process.wait(120) == 0
    finally:
        process.kill()
        process.wait()
        if not is_gone:
            os.close(reader)
