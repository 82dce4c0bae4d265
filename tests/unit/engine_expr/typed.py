"""Values as the truth tables write them, and comparing a row with what comes out here."""

from __future__ import annotations

import math
from typing import Any

from argotui.engine.expr import ExprError, argo_environment, evaluate, evaluate_bool, go_json
from argotui.engine.expr.gostring import named_text
from argotui.engine.expr.gotime.moment import Location, Moment
from argotui.engine.expr.jsontext import encode
from argotui.engine.expr.limits import Meter
from argotui.engine.expr.values import Sized, is_map, type_name

Row = dict[str, Any]


def typed(value: Any) -> str:
    """The typed text of a value: `2.0`, `int64(7)`, `time("…")`."""
    if value is None or isinstance(value, bool):
        return "nil" if value is None else str(value).lower()
    if isinstance(value, Sized):
        return f"{value.type.name}({int(value)})"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str):
        return encode(value, Meter(), escape_html=False)
    if isinstance(value, bytes):
        return f'bytes("{value.hex()}")'
    if isinstance(value, list):
        return f"[{', '.join(map(typed, value))}]"
    if is_map(value):
        return "{" + ", ".join(sorted(f"{typed(key)}: {typed(item)}" for key, item in value.items())) + "}"
    if isinstance(value, Moment):
        return f'time("{value.rfc3339()}")'
    if isinstance(value, Location):
        return f'timezone("{value.name}")'
    return f'{type(value).__name__.lower()}("{named_text(value)}")'


def _float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = go_json(value)
    return text if "." in text or "e" in text else f"{text}.0"


def outcome(row: Row) -> Row:
    """What an evaluation of a row gives, with the row's own keys."""
    env = argo_environment(row["env"])
    try:
        if row.get("op") == "eval_bool":
            return {"value": evaluate_bool(row["expr"], env)}
        value = evaluate(row["expr"], env)
    except ExprError as error:
        return {"error": str(error)}
    found = {"repr": typed(value), "type": type_name(value)}
    try:
        return {**found, "json": go_json(value)}
    except ExprError as error:
        return {**found, "marshal_error": str(error)}


def differences(rows: list[Row]) -> list[str]:
    """One line for each row that comes out differently."""
    found: list[str] = []
    for row in rows:
        got = outcome(row)
        wanted: Row = {key: row[key] for key in ("repr", "type", "json", "marshal_error", "error") if key in row}
        if row.get("op") == "eval_bool" and "value" in row:
            wanted = {"value": row["value"]}
        if got != wanted:
            found.append(f"{row['id']} {row['expr']!r} {row['env']}\n    got    {got}\n    wanted {wanted}")
    return found
