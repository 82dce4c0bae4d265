"""Content negotiation: whole objects, their metadata only, or rows of a Table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from argotui.local.apiserver import names
from argotui.local.apiserver.status import StatusError

_JSON = ("application/json", "application/*", "*/*")
_META = "meta.k8s.io"


class Form(StrEnum):
    """In which form objects are answered."""

    OBJECT = "Object"
    METADATA = "PartialObjectMetadata"
    TABLE = "Table"


@dataclass(frozen=True, slots=True)
class View:
    """`include` is what a Table's rows carry as `object`: None, Metadata or Object."""

    form: Form
    include: str = ""


METADATA = View(Form.METADATA)


def _parameters(media: str) -> tuple[str, dict[str, str]]:
    kind, *rest = (part.strip() for part in media.split(";"))
    pairs = (part.partition("=") for part in rest)
    return kind.lower(), {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


@lru_cache(512)
def form_of(header: str) -> Form:
    """The first form in an Accept header that can be served. Raises StatusError 406."""
    for media in header.split(",") if header.strip() else ("*/*",):
        kind, parameters = _parameters(media)
        if kind not in _JSON or parameters.get("q") in ("0", "0.0"):
            continue
        wanted = parameters.get("as", "")
        if not wanted:
            return Form.OBJECT
        if (parameters.get("g"), parameters.get("v")) != (_META, "v1"):
            continue
        if wanted == "Table":
            return Form.TABLE
        if wanted in ("PartialObjectMetadata", "PartialObjectMetadataList"):
            return Form.METADATA
    raise StatusError(406, "NotAcceptable", "only the following media types are accepted: application/json")


def view_of(header: str, include: str) -> View:
    """The view for an Accept header and the parameter includeObject. Raises StatusError 400 or 406."""
    form = form_of(header)
    if form is not Form.TABLE:
        return View(form)
    include = include or "Metadata"
    if include not in ("None", "Metadata", "Object"):
        raise StatusError(
            400,
            "BadRequest",
            f"Unable to convert to Table as requested: includeObject: Invalid value: {names.quoted(include[:64])}: must"
            " be 'Metadata', 'Object', 'None', or empty",
        )
    return View(form, include)


@lru_cache(64)
def takes_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header allows gzip."""
    for part in header.split(","):
        kind, parameters = _parameters(part)
        if kind in ("gzip", "*"):
            return parameters.get("q") not in ("0", "0.0")
    return False
