"""Running `dtorch` inside a test, and in a process of its own."""

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

ROOT = Path(darknet_torch.__file__).parents[1]
LONG = 60  # seconds after which a process that hangs is killed
RUN = "from darknet_torch.cli.main import main; main(prog_name='dtorch')"
# Runs `dtorch`, then prints to standard error which heavy packages are loaded.
RUN_AND_LIST = f"""
import sys
try:
    {RUN}
finally:
    print([name for name in ("numpy", "torch", "cv2") if name in sys.modules], file=sys.stderr)
"""
_RUN_WITH_INTERRUPTS = f"""
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
{RUN}
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
        [sys.executable, "-c", _RUN_WITH_INTERRUPTS, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
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


def python(
    code: str, *arguments: str, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """The result of a Python process with this code and these arguments."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
