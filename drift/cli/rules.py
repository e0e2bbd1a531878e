"""Ignore rules, repair rules and the policy from the files that options name."""

from collections.abc import Iterable
from typing import Any

from desired.decode import decode_documents
from drift.cli.terminal import read_input
from drift.config import load_ignore_rules, load_policy, load_rules
from drift.core.policy import Policy
from drift.core.rules import DEFAULT_RULES, IgnoreRule, Rule


def read_ignore_rules(paths: Iterable[str]) -> tuple[IgnoreRule, ...]:
    """Return the entries of all --ignore files. Raises UsageError or DecodeError."""
    return tuple(rule for path in paths for rule in load_ignore_rules(read_input(path, "--ignore"), path, _decode))


def read_rules(path: str | None) -> tuple[Rule, ...]:
    """Return the entries of --rules, or the default rules without it. Raises UsageError or DecodeError."""
    return load_rules(read_input(path, "--rules"), path, _decode) if path else DEFAULT_RULES


def read_policy(path: str | None) -> Policy:
    """Return the policy of --policy, or one that limits nothing. Raises UsageError or DecodeError."""
    return load_policy(read_input(path, "--policy"), path, _decode) if path else Policy()


def _decode(data: bytes, file: str) -> list[Any]:
    return [document.value for document in decode_documents(data, file=file)]
