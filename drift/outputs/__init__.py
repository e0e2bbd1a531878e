"""Report to text: one module per format, chosen by name; none of them reads clock, terminal or environment."""

from drift.outputs.formats import FORMATS, render
from drift.outputs.options import RenderOptions

__all__ = ["FORMATS", "RenderOptions", "render"]
