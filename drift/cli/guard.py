"""`drift guard`: print an example of a guard, or check one."""

import click

_EPILOG = """\b
Examples:
  drift guard --example > guard.yaml      a commented DriftGuard
  drift guard --example --cluster         one for many namespaces
  drift guard -f guard.yaml               check it
  drift run --guard guard.yaml            do what it says, without a controller
"""


@click.command(epilog=_EPILOG)
@click.option("--example", is_flag=True, help="Print a commented example.")
@click.option("--cluster", is_flag=True, help="With --example: a ClusterDriftGuard.")
@click.option("-f", "--filename", metavar="FILE", help="Check this guard; - is stdin.")
def guard(example: bool, cluster: bool, filename: str | None) -> int:
    """Print an example of a guard (--example), or check one (-f)."""
    if example == bool(filename) or (cluster and not example):
        raise click.UsageError("give either --example (with or without --cluster) or -f FILE")
    if filename:
        from drift.cli.guards import load_guard

        found = load_guard(filename)
        click.echo(f"{filename}: {found.kind} {found.metadata.name} is valid")
        return 0
    from drift.controller.example import example as written

    click.echo(written(cluster=cluster))
    return 0
