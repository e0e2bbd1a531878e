"""The options that every checking command shares, named as in kubectl and helm where they mean the same."""

import re
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Literal, TypeVar, cast

import click
import msgspec

from drift.core.errors import UsageError

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])

_UNITS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_GUARD_SAYS = "--guard says what to check and how: leave out --helm, --release, --chart, -f, -A, -l and the rule files"
_NOTHING = "nothing to check: name it with --helm, --release NAME, --chart PATH or -f FILE"


class Target(msgspec.Struct, frozen=True):
    """What to check, where, and how: the shared options as given."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str = ""
    all_namespaces: bool = False
    selector: str = ""
    request_timeout: float = 30.0
    helm: bool = False
    release: tuple[str, ...] = ()
    on_failed: Literal["hold", "deployed"] = "hold"
    stuck_after: float = 900.0
    helm_driver: Literal["secret", "configmap"] = "secret"
    chart: str | None = None
    values: tuple[str, ...] = ()
    set_values: tuple[str, ...] = ()
    name: str = ""
    filename: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    policy: str | None = None
    plugins: str = ""
    no_dry_run: bool = False
    scope: Literal["declared", "exact"] = "declared"
    live: str | None = None
    kube_version: str = ""
    guard: str | None = None


class Duration(click.ParamType[float]):
    """`30s`, `1m30s`, or seconds; 0 waits for ever, as in kubectl."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds."""
        text = str(value).strip()
        if re.fullmatch(r"\d+(\.\d+)?", text):
            return float(text)
        if not text or _DURATION.sub("", text):
            self.fail(f"{value!r} is no duration: write 30s, 1m30s or a number of seconds", param, ctx)
        return sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(text))


_CLUSTER = (
    click.option("--kubeconfig", metavar="FILE", help="Kubeconfig file.  [default: $KUBECONFIG or ~/.kube/config]"),
    click.option("--context", metavar="NAME", help="Kubeconfig context.  [default: the current one]"),
    click.option("--request-timeout", type=Duration(), default="30s", show_default=True, metavar="DURATION",
                 help="Bound of one request with its retries."),
)  # fmt: skip
_SCOPE = (
    click.option("-n", "--namespace", default="", metavar="NAME", help="Namespace.  [default: of the context]"),
    click.option("-A", "--all-namespaces", is_flag=True, help="Releases of all namespaces."),
    click.option("-l", "--selector", default="", metavar="LABELS", help="Check only objects with these labels."),
)
_DESIRED = (
    click.option("--helm", is_flag=True, help="Check every Helm release of the namespace (or with -A, of all)."),
    click.option("--release", multiple=True, metavar="NAME", help="Check this Helm release; may be repeated."),
    click.option("--on-failed", type=click.Choice(["hold", "deployed"]), default="hold", show_default=True,
                 help="After a failed upgrade: hold, or go by the last deployed revision."),
    click.option("--stuck-after", type=Duration(), default="15m", show_default=True, metavar="DURATION",
                 help="An operation of Helm that takes longer counts as stuck."),
    click.option("--helm-driver", type=click.Choice(["secret", "configmap"]), default="secret", show_default=True,
                 help="Where Helm keeps its releases."),
    click.option("--chart", metavar="PATH", help="Check a chart folder or .tgz, rendered with helm."),
    click.option("--values", multiple=True, metavar="FILE", help="Values file for --chart; may be repeated."),
    click.option("--set", "set_values", multiple=True, metavar="KEY=VALUE",
                 help="Value for --chart; may be repeated."),
    click.option("--name", default="", metavar="NAME",
                 help="Release name for --chart.  [default: as the folder or file]"),
    click.option("-f", "--filename", multiple=True, metavar="FILE",
                 help="Check manifests: a file, a folder or - for stdin; may be repeated."),
)  # fmt: skip
_COMPARE = (
    click.option("--ignore", multiple=True, metavar="FILE", help="YAML list of ignore rules; may be repeated."),
    click.option("--policy", metavar="FILE", help="YAML policy: people, windows, blockers, limits, lock."),
    click.option(
        "--scope",
        type=click.Choice(["declared", "exact"]),
        default="declared",
        show_default=True,
        help="exact: also what controllers added, unless defaulting or admission explains it.",
    ),
    click.option("--no-dry-run", is_flag=True, help="Compare locally only: do not ask the server by dry run."),
)
_GUARD = (
    click.option("--guard", metavar="FILE",
                 help="Do what a DriftGuard or ClusterDriftGuard says; see: drift guard --example."),
)  # fmt: skip
_DUMP = (
    click.option("--live", metavar="FILE", help="Compare with a dump (kubectl get ... -o yaml), not with a cluster."),
    click.option("--kube-version", default="", metavar="VERSION", help="Kubernetes version to render for with --live."),
)


def target_options(*, dumps: bool = False, guards: bool = False) -> Callable[[_Decorated], _Decorated]:
    """Add the shared options; the command gets them checked, as one `target`. `dumps` adds --live, `guards` --guard."""
    options = (*(_GUARD if guards else ()), *_DESIRED, *_SCOPE, *_CLUSTER, *_COMPARE, *(_DUMP if dumps else ()))

    def decorate(function: _Decorated) -> _Decorated:
        @wraps(function)
        def command(*args: Any, **given: Any) -> Any:
            shared = {name: given.pop(name) for name in Target.__struct_fields__ if name in given}
            target = Target(**shared)
            check_target(target)
            return function(*args, target=target, **given)

        return cast("_Decorated", add_options(command, options))

    return decorate


def cluster_options(function: _Decorated) -> _Decorated:
    """Add the options that only name a cluster."""
    return cast("_Decorated", add_options(function, _CLUSTER))


def rules_option(function: _Decorated) -> _Decorated:
    """Add --rules and where the strategies they name may lie, for commands that repair."""
    text = "YAML list of rules: which strategy repairs what; the first match wins."
    return click.option("--rules", metavar="FILE", help=text)(plugins_option(function))


def plugins_option(function: _Decorated) -> _Decorated:
    """Add --plugins."""
    text = "Folder with strategies of your own, one Python file each."
    return click.option("--plugins", default="", metavar="DIR", help=text)(function)


def place_options(function: _Decorated) -> _Decorated:
    """Add the options that name a cluster and a namespace in it."""
    return cast("_Decorated", add_options(function, (_SCOPE[0], *_CLUSTER)))


def control_option(function: _Decorated) -> _Decorated:
    """Add --control-namespace: where the switches for everything are."""
    text = "Namespace whose annotations are the switches for everything."
    return click.option("--control-namespace", default="daytwo-system", show_default=True, metavar="NAME", help=text)(
        function
    )


def add_options(function: Any, options: Sequence[Callable[[Any], Any]]) -> Any:
    """Apply option decorators so that the help shows them in the given order."""
    for option in reversed(options):
        function = option(function)
    return function


def check_target(target: Target) -> None:
    """Refuse what cannot be meant together. Raises UsageError."""
    for wrong, message in _conflicts(target):
        if wrong:
            raise UsageError(message)


def _conflicts(target: Target) -> tuple[tuple[bool, str], ...]:
    chart_only = bool(target.values or target.set_values or target.name)
    stdin = target.filename.count("-") + (target.live == "-")
    named = bool(target.helm or target.release or target.chart or target.filename)
    return (
        (bool(target.guard) and (named or _said_by_guard(target)), _GUARD_SAYS),
        (not named and not target.guard, _NOTHING),
        (bool(target.namespace) and target.all_namespaces, "-n and -A contradict each other: give one of them"),
        (target.helm and bool(target.release), "--helm checks every release: leave out --release, or --helm"),
        (chart_only and not target.chart, "--values, --set and --name belong to --chart PATH (manifests: -f)"),
        (stdin > 1, "standard input (-) can be read only once"),
        (
            bool(target.live and (target.kubeconfig or target.context)),
            "--live asks no cluster: leave out --kubeconfig and --context, or --live",
        ),
        (
            bool(target.kube_version) and not target.live,
            "--kube-version belongs to --live: a cluster knows its own",
        ),
    )


def _said_by_guard(target: Target) -> bool:
    """Whether an option is given that a guard has a field for."""
    given = (target.ignore, target.policy, target.selector, target.all_namespaces, target.scope != "declared")
    return any(given)
