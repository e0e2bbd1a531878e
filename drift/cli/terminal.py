"""What the program sees of its surroundings: environment, clock, terminal, standard input and output."""

import io
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from drift.core.errors import UsageError
from drift.core.redact import printable


def emit(text: str) -> None:
    """Write the result to stdout. A reader that went away (`| head`) is no error and changes no exit code.

    Raises UsageError where stdout is closed or its disk is full.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that is not UTF-8 is no reason to fail
    if _stdout() is None:
        raise UsageError("the result cannot be written: stdout is closed")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _silence()
    except OSError as error:
        _silence()
        raise UsageError(f"the result cannot be written: {error.strerror or error}") from error


def _stdout() -> TextIO | None:
    """Standard output; None where the shell closed it (`>&-`), which its type does not tell."""
    return sys.stdout


def _silence() -> None:
    """Let Python's flush at exit go nowhere; see the note on SIGPIPE in the documentation of `signal`."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def warn(line: str) -> None:
    """Write one line to stderr: what the reader should know besides the result."""
    print(printable(line), file=sys.stderr)  # noqa: T201 stderr is where warnings go


def has_colours(*, no_color: bool) -> bool:
    """Whether stdout is a terminal that should be coloured (https://no-color.org)."""
    wanted = not no_color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and _stdout() is not None and sys.stdout.isatty()


def current_time() -> str:
    """Now, as RFC 3339 in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def kubeconfig_variable() -> str | None:
    """KUBECONFIG, which may name several files."""
    return os.environ.get("KUBECONFIG")


def read_input(path: str, option: str) -> bytes:
    """Read a file, or stdin for `-`. Raises UsageError that names the option."""
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{option} {path}: {error.strerror or error}") from error
