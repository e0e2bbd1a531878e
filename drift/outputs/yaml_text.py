"""Decoded JSON as YAML that every reader takes for the same JSON, YAML 1.1 and 1.2 alike.

No aliases (a reader may refuse them), texts that look like other types are quoted, and characters that a terminal
would act on are escaped.
"""

import re
from typing import Any

import yaml

_LOOKS_LIKE_NUMBER = re.compile(r"[-+]?(\.?[0-9]|\.inf|\.nan)", re.IGNORECASE)
_UNSAFE = re.compile(r"[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


class _Dumper(yaml.SafeDumper):
    """Safe YAML without aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if _UNSAFE.search(text) or _LOOKS_LIKE_NUMBER.match(text):
        style = '"'
    elif "\n" in text:
        style = "|"  # the emitter falls back to quotes where a block cannot hold the text
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def dump_yaml(content: Any) -> str:
    """Return one YAML document without markers, in block style and in the order given."""
    text: str = yaml.dump(
        content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=1_000_000
    )
    closed = text.endswith("\n...\n")  # what the emitter puts behind a bare scalar
    return escape(text.removesuffix("...\n") if closed else text)


def escape(text: str) -> str:
    """Escape unsafe characters; they only stand inside double quotes, where JSON and YAML know `uNNNN`."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
