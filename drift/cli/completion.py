"""`drift completion`: the script that completes both names of the program."""

import click
from click.shell_completion import get_completion_class

from drift.cli.main import NAMES
from drift.cli.main import main as root
from drift.cli.terminal import emit
from drift.core.errors import UsageError

_EPILOG = """\b
Examples:
  source <(drift completion bash)
  source <(drift completion zsh)
  drift completion fish > ~/.config/fish/completions/drift.fish
"""


@click.command(epilog=_EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    It completes `drift` and `kubectl-drift`.
    """
    emit("\n".join(_script(shell, name) for name in NAMES))


def _script(shell: str, name: str) -> str:
    found = get_completion_class(shell)
    if found is None:
        raise UsageError(f"no completion for the shell {shell}")
    return found(root, {}, name, f"_{name.replace('-', '_').upper()}_COMPLETE").source()
