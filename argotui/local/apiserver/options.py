"""Parameters that every write understands: dryRun, fieldManager, fieldValidation, force."""

from __future__ import annotations

from argotui.local.apiserver import names, status
from argotui.local.apiserver.context import Call
from argotui.local.apiserver.status import Cause

_MANAGER_CHARACTERS = 128
_OWN = ("argotui-controller", "argotui-kubelet")
_VALIDATION = ("", "Ignore", "Strict", "Warn")


def check_write(call: Call, kind: str) -> None:
    """`kind` is CreateOptions, UpdateOptions or PatchOptions. Raises StatusError 422."""
    query = call.query
    causes = _manager_causes(query.get("fieldManager", ""))
    causes += dry_run_causes([query["dryRun"]] if query.get("dryRun") else [])
    validation = query.get("fieldValidation", "")
    if validation not in _VALIDATION:
        causes.append(_unsupported("fieldValidation", f'"{validation[:64]}"', _VALIDATION))
    _refuse(kind, causes)


def check_apply(call: Call) -> None:
    """What applying needs besides: a manager. Raises StatusError 422."""
    if not call.query.get("fieldManager"):
        _refuse(
            "PatchOptions", [Cause("FieldValueRequired", "Required value: is required for apply patch", "fieldManager")]
        )


def check_not_apply(call: Call) -> None:
    """Only applying can be forced. Raises StatusError 422."""
    if "force" in call.query:
        text = "Forbidden: may not be specified for non-apply patch"
        _refuse("PatchOptions", [Cause("FieldValueForbidden", text, "force")])


def _refuse(kind: str, causes: list[Cause]) -> None:
    if causes:
        raise status.invalid(kind, "meta.k8s.io", "", causes)


def dry_run_causes(values: list[str]) -> list[Cause]:
    """What is wrong with the values of dryRun."""
    if all(value == "All" for value in values):
        return []
    listed = ", ".join(f'"{value[:64]}"' for value in values)
    return [_unsupported("dryRun", f"[{listed}]", ("All",))]


def _unsupported(path: str, value: str, choices: tuple[str, ...]) -> Cause:
    listed = ", ".join(f'"{choice}"' for choice in choices)
    return Cause("FieldValueNotSupported", f"Unsupported value: {value}: supported values: {listed}", path)


def _manager_causes(name: str) -> list[Cause]:
    found = []
    if len(name.encode()) > _MANAGER_CHARACTERS:
        text = f"Too long: may not be more than {_MANAGER_CHARACTERS} bytes"
        found.append(Cause("FieldValueTooLong", text, "fieldManager"))
    at = 0
    for char in name:
        if not char.isprintable():
            text = f"Invalid value: {names.quoted(name[:64])}: invalid character U+{ord(char):04X} (at position {at})"
            found.append(Cause("FieldValueInvalid", text, "fieldManager"))
        at += len(char.encode())
    return found


def manager_of(call: Call) -> str:
    """The name under which the fields of a write are remembered: the one given, or the client's program."""
    given = call.query.get("fieldManager", "")
    if given:
        return given
    program = call.request.headers.get("User-Agent", "").partition("/")[0]
    shown = "".join(char for char in program if char.isprintable())
    return shown.encode()[:_MANAGER_CHARACTERS].decode(errors="ignore")


def from_own_component(call: Call) -> bool:
    """Whether the cluster's own controller or kubelet writes."""
    return call.request.headers.get("User-Agent", "").partition("/")[0] in _OWN


def field_validation(call: Call) -> str:
    """Strict, Warn or Ignore."""
    return call.query.get("fieldValidation") or "Warn"
