"""Expressions: the expr-lang language with Argo's functions (§3.2), without Python's eval.

The modules are loaded when the first expression is met; a workflow without expressions does not pay.

    expression = compile_expression(text, argo_environment(scope))   # checked, compiled once
    value = expression.run(argo_environment(scope), now=now, entropy=entropy)
    go_json(value)                                                   # what Argo inserts
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argotui.engine.expr.environment import argo_environment, expanded
    from argotui.engine.expr.errors import ExprError
    from argotui.engine.expr.expression import Expression, compile_expression, evaluate, evaluate_bool, go_json
    from argotui.engine.expr.limits import Limits

__all__ = [
    "ExprError",
    "Expression",
    "Limits",
    "argo_environment",
    "compile_expression",
    "evaluate",
    "evaluate_bool",
    "expanded",
    "go_json",
]

_HOMES = {
    "ExprError": "errors",
    "Limits": "limits",
    "argo_environment": "environment",
    "expanded": "environment",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'expression')}"), name)
    return found
