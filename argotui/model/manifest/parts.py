"""What all manifest models share: wire names, refusal of unknown fields, and the special field types.

Models declare fields in snake case; the wire name is the camelCase of it unless an alias says
otherwise.  Every field may be absent or null, as on the wire, except those that have no default.
The text under a field is its description for `kubectl explain`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from argotui.model.manifest.octal import OctalInt as OctalInt

_UNDERSCORE = re.compile(r"_([a-z0-9])")


def wire_name(field: str) -> str:
    """`mount_path` to `mountPath`; a trailing underscore (for Python's own words) goes away."""
    return _UNDERSCORE.sub(lambda found: found[1].upper(), field.rstrip("_"))


class Part(BaseModel):
    """One object of a manifest."""

    model_config = ConfigDict(
        extra="forbid", strict=True, alias_generator=wire_name, defer_build=True, hide_input_in_errors=True
    )


@dataclass(frozen=True, eq=False)
class Shape:
    """The structural schema of a field type that JSON Schema alone cannot express."""

    schema: dict[str, Any]


def _int_or_string(value: Any) -> Any:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise PydanticCustomError("int_or_string", "must be a whole number or a text")


def _any_string(value: Any) -> Any:
    if isinstance(value, OctalInt):
        raise PydanticCustomError("octal_text", "would be read as an octal number")
    if isinstance(value, str | int | float):
        return value
    raise PydanticCustomError("any_string", "must be a text, a number or a boolean")


def _quantity(value: Any) -> Any:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    raise PydanticCustomError("quantity", "must be a quantity such as 500m or 1Gi")


def _one_key(value: dict[str, Any]) -> dict[str, Any]:
    if len(value) != 1:
        raise PydanticCustomError("one_key", "expected exactly one key, got {count}", {"count": len(value)})
    return value


Int32 = Annotated[int, Field(ge=-(2**31), le=2**31 - 1), Shape({"type": "integer", "format": "int32"})]
Int64 = Annotated[int, Field(ge=-(2**63), le=2**63 - 1), Shape({"type": "integer", "format": "int64"})]
IntOrString = Annotated[Any, BeforeValidator(_int_or_string), Shape({"x-kubernetes-int-or-string": True})]
AnyString = Annotated[Any, BeforeValidator(_any_string), Shape({"type": "string"})]
Quantity = Annotated[Any, BeforeValidator(_quantity), Shape({"x-kubernetes-int-or-string": True})]
Time = Annotated[str, Shape({"type": "string", "format": "date-time"})]
Raw = Annotated[Any, Shape({"x-kubernetes-preserve-unknown-fields": True})]
"""Any JSON value, kept as it is."""
RawObject = Annotated[dict[str, Any], Shape({"type": "object", "x-kubernetes-preserve-unknown-fields": True})]
"""Any JSON object, kept as it is."""
OneKeyObject = Annotated[dict[str, Any], AfterValidator(_one_key), *get_args(RawObject)[1:]]
"""An object of any content with one member."""
Strings = dict[str, str]
Quantities = dict[str, Quantity]
