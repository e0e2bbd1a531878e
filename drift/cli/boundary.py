"""Turns whatever a command raises into one line on stderr and an exit code.

Messages of our own errors are written for people. Those of anything else may quote what is secret: only the kind of
the error and its place are told, the rest with --debug.
"""

import sys
import traceback
from pathlib import Path

import click

from drift.cli.main import EXIT_ERROR, EXIT_INTERRUPTED
from drift.core.errors import DriftError
from drift.core.redact import printable


def explain(error: BaseException, *, debug: bool) -> int:
    """Say on stderr what went wrong, and return the exit code."""
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return EXIT_INTERRUPTED
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return EXIT_ERROR
    if isinstance(error, click.ClickException):
        return _fail(f"error: {_usage_line(error)}")
    if debug:
        traceback.print_exception(error)
    expected = _expected(error)
    if expected is not None:
        return _fail(f"error: {expected}")
    hint = "bug" if debug else "bug; run with --debug for the traceback"
    return _fail(f"internal error: {type(error).__name__} at {_place(error)} ({hint})")


def _expected(error: BaseException) -> BaseException | None:
    """Return our own error, also out of the group that a task group makes of it."""
    if isinstance(error, DriftError):
        return error
    if isinstance(error, BaseExceptionGroup):
        inner = [_expected(each) for each in error.exceptions]
        return inner[0] if all(each is not None for each in inner) else None
    return None


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown place"


def _usage_line(error: click.ClickException) -> str:
    text = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    return f"{text} (see: {context.command_path} --help)" if context is not None else text


def _fail(line: str) -> int:
    print(printable(line), file=sys.stderr)  # noqa: T201 the one place for errors
    return EXIT_ERROR
