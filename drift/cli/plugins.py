"""`drift plugins`: what is installed, where it comes from, and what is broken."""

from collections.abc import Iterator
from typing import Annotated, get_args, get_origin

import click
import msgspec

from drift.cli.options import plugins_option
from drift.cli.terminal import emit
from drift.core.plan import Need
from drift.core.redact import printable
from drift.registry import GROUPS, STRATEGIES, Plugin, Registry, summary_of

_EPILOG = """\b
Examples:
  drift plugins
  drift plugins show hook
  drift plugins --plugins ./strategies     with those of a folder
"""


@click.group(invoke_without_command=True, epilog=_EPILOG)
@plugins_option
@click.pass_context
def plugins(context: click.Context, plugins: str) -> None:
    """List the installed plugins, or show one.

    A broken plugin is listed with what is wrong with it; it harms nothing else.
    """
    registry = context.obj = Registry(folder=plugins)
    if context.invoked_subcommand is None:
        found = [plugin for group in GROUPS for plugin in registry.loaded(group)]
        emit("".join(f"{_line(plugin)}\n" for plugin in found) or "no plugins are installed\n")


@plugins.command()
@click.argument("name")
@click.pass_obj
def show(registry: Registry, name: str) -> None:
    """Show a plugin: its settings with their meaning, and what it needs to see."""
    group = next((each for each in GROUPS if any(p.name == name for p in registry.listed(each))), STRATEGIES)
    emit("".join(f"{line}\n" for line in _card(registry.get(group, name))))


def _line(plugin: Plugin) -> str:
    what = f"broken: {plugin.error}" if plugin.error else summary_of(plugin.loaded)
    return printable(f"{plugin}  {what}")


def _card(plugin: Plugin) -> Iterator[str]:
    yield printable(str(plugin))
    yield printable(f"  {summary_of(plugin.loaded)}")
    yield printable(f"  from {plugin.path or plugin.value}")
    settings = getattr(plugin.loaded, "Settings", None)
    fields = msgspec.structs.fields(settings) if isinstance(settings, type) else ()
    yield "settings:" if fields else "settings: none"
    for field in fields:
        yield printable(f"  {field.encode_name}: {_type_name(field.type)}{_default(field)}{_meaning(field.type)}")
    needs: tuple[Need, ...] = getattr(plugin.loaded, "needs", ())
    for need in needs:
        yield printable(f"needs {need.name}: {need.kind}{need.group and '.' + need.group} ({need.match})")


def _meaning(kind: object) -> str:
    """What the Meta annotation of a setting says of it."""
    told = [each.description for each in getattr(kind, "__metadata__", ()) if isinstance(each, msgspec.Meta)]
    return "".join(f"  {text}" for text in told if text)


def _type_name(kind: object) -> str:
    if get_origin(kind) is Annotated:
        return _type_name(get_args(kind)[0])
    return kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", "")


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default_factory is not msgspec.NODEFAULT:
        return f" = {field.default_factory()!r}"
    return " (required)" if field.default is msgspec.NODEFAULT else f" = {field.default!r}"
