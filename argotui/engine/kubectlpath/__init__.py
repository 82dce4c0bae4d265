"""kubectl's JSONPath: `{.status.phase}`, `{range .items[*]}{.metadata.name}{"\\n"}{end}` (§5.3).

Not to be mixed up with `engine.expr.jsonpath`, the dialect of the function `jsonpath()` in expressions.
"""

from argotui.engine.kubectlpath.errors import PathError
from argotui.engine.kubectlpath.evaluate import render

__all__ = ["PathError", "render"]
