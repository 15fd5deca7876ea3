"""Running `dtorch` inside a test, and as a process of its own."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner, Result

import darknet_torch
from darknet_torch.cli.main import main

LONG = 60  # seconds after which a process that hangs is killed
_CODE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from darknet_torch.cli.main import main
main(prog_name="dtorch")
"""


def dtorch(*arguments: object, stdin: bytes | str | None = None) -> Result:
    """The result of `dtorch` with these words; an exception that it did not report fails."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert "Traceback" not in result.stderr
    return result


@contextmanager
def started_dtorch(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """`dtorch` as a process with pipes; at the end it is killed and its pipes are closed.

    A shell starts background jobs with SIGINT ignored, and whatever they start inherits that.
    The process sets it back, since under `pytest &` an interrupt would not arrive. Pipes that
    a failed test leaves open would be reported in a later test.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", _CODE, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(darknet_torch.__file__).parents[1])},
    )
    # A test that waits in vain for output fails instead of hanging.
    watchdog = threading.Timer(LONG, process.kill)
    watchdog.start()
    try:
        with process:
            try:
                yield process
            finally:
                process.kill()
    finally:
        watchdog.cancel()
