"""ANSI colours, or none. Whether there may be any is decided by the CLI."""

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "magenta": "35", "cyan": "36"}


class Paint:
    """Paints text that is neutralised already: what it adds are the only escapes in the output."""

    def __init__(self, *, on: bool) -> None:
        self._on = on

    def __call__(self, text: str, colour: str) -> str:
        """Return the text in a colour; as it is where colours are off or the colour is ""."""
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self._on and colour else text
