"""daytwo: keeps Kubernetes as declared after day 1.

Observe, compare and decide are pure functions over frozen values (`drift.core`); input and output live at the
edges; only `drift.engine.executor` writes to a cluster; only `drift.cli` reads environment and argv.
"""

__version__ = "0.1.0"
