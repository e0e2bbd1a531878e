"""What the demo prints: compact, at once, and with colours only where there are eyes."""

import os
import sys
import time
from typing import TextIO

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


class Screen:
    """A terminal, or a file."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._colours = self._stream.isatty() and not os.environ.get("NO_COLOR")
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the curtain rose."""
        return time.monotonic() - self._began

    def paint(self, text: str, style: str) -> str:
        """Colour a text, or leave it as it is."""
        return f"\033[{_STYLES[style]}m{text}\033[0m" if self._colours else text

    def line(self, text: str = "") -> None:
        """Print a line at once."""
        self._stream.write(text + "\n")
        self._stream.flush()

    def title(self, text: str) -> None:
        self.line(self.paint(text, "bold"))

    def step(self, what: str) -> None:
        """Print what is being set up, with the seconds so far."""
        self.line(f"{self.paint(f'{self.seconds:5.1f} s', 'dim')}  {what}")

    def command(self, number: int, who: str, text: str) -> None:
        """Print what somebody did."""
        self.line(f"\n{number}. {who} {self.paint('$ ' + text, 'bold')}")

    def fact(self, label: str, text: str, style: str = "") -> None:
        """Print what came of it."""
        name = self.paint(f"{label:<9}", style) if style else f"{label:<9}"
        self.line(f"   {name} {text}")

    def quote(self, text: str) -> None:
        """Print another program's output."""
        for line in text.rstrip().splitlines():
            self.line(f"   {line}")
