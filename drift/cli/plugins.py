"""`drift plugins`: what is installed, where it comes from, and what is broken."""

from collections.abc import Iterator

import click
import msgspec

from drift.cli.terminal import emit
from drift.core.redact import printable
from drift.registry import GROUPS, STRATEGIES, Plugin, Registry, summary_of

_EPILOG = """\b
Examples:
  drift plugins
  drift plugins show revert
"""


@click.group(invoke_without_command=True, epilog=_EPILOG)
@click.pass_context
def plugins(context: click.Context) -> None:
    """List the installed plugins, or show one.

    A broken plugin is listed with what is wrong with it; it harms nothing else.
    """
    if context.invoked_subcommand is None:
        registry = Registry()
        found = [plugin for group in GROUPS for plugin in registry.loaded(group)]
        emit("".join(f"{_line(plugin)}\n" for plugin in found) or "no plugins are installed\n")


@plugins.command()
@click.argument("name")
def show(name: str) -> None:
    """Show a plugin and its settings."""
    registry = Registry()
    group = next((each for each in GROUPS if any(p.name == name for p in registry.listed(each))), STRATEGIES)
    emit("".join(f"{line}\n" for line in _card(registry.get(group, name))))


def _line(plugin: Plugin) -> str:
    what = f"broken: {plugin.error}" if plugin.error else summary_of(plugin.loaded)
    return printable(f"{plugin}  {what}")


def _card(plugin: Plugin) -> Iterator[str]:
    yield printable(str(plugin))
    yield printable(f"  {summary_of(plugin.loaded)}")
    yield printable(f"  from {plugin.value}")
    settings = getattr(plugin.loaded, "Settings", None)
    fields = msgspec.structs.fields(settings) if isinstance(settings, type) else ()
    yield "settings:" if fields else "settings: none"
    for field in fields:
        yield printable(f"  {field.encode_name}: {_type_name(field.type)}{_default(field)}")


def _type_name(kind: object) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", "")


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default_factory is not msgspec.NODEFAULT:
        return f" = {field.default_factory()!r}"
    return " (required)" if field.default is msgspec.NODEFAULT else f" = {field.default!r}"
