"""What an action is: the vocabulary that keys, palette, menus, the command line, the audit trail and tests share.

The life of an action: `select → prepare → applies → fields → plan → (the person confirms) → perform`.
`applies` may look at partial objects (a list row knows labels only); `prepare` reads the whole ones.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.patching import create_merge_patch
from argotui.model.resources import WORKFLOWS, Resource
from argotui.services.identity import Identity
from argotui.store.text import neutralise

if TYPE_CHECKING:
    from argotui.kube.client import Client

Answers = Mapping[str, str]
"""What the person filled in, by field name. A flag is "true" or "false"; parameters are `parameters.NAME`."""


class ActionSession(Protocol):
    """What an action needs to know of the session it runs in."""

    @property
    def client(self) -> Client: ...

    @property
    def identity(self) -> Identity: ...

    @property
    def namespace(self) -> str | None:
        """Where things are made; None where all namespaces are shown."""

    @property
    def is_local(self) -> bool:
        """The local cluster, whose controller is this version's own."""


class ActionRefused(Exception):
    """The action cannot be planned; the message says why, in words for the person who asked (safe to show)."""

    def __init__(self, message: str) -> None:
        super().__init__(neutralise(message))


@dataclass(frozen=True)
class Allowed:
    """The action can be used here."""

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True)
class Refused:
    """The action cannot be used here, and why. False in a condition."""

    reason: str

    def __bool__(self) -> bool:
        return False


Verdict = Allowed | Refused


class Danger(StrEnum):
    """How much a dialog should slow the person down."""

    NONE = "none"
    ASK = "ask"
    DESTRUCTIVE = "destructive"


@dataclass(frozen=True)
class Target:
    """One object that an action works on; `node_id` narrows it to one node of a workflow.

    `document` is the object, or as much as is known of it: at least `metadata` with name and namespace.
    """

    document: Document
    node_id: str | None = None
    resource: Resource = WORKFLOWS

    @property
    def name(self) -> str:
        return documents.name(self.document)

    @property
    def namespace(self) -> str:
        return documents.namespace(self.document)

    @property
    def label(self) -> str:
        """`namespace/name`, or the name alone for objects of the cluster."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


@dataclass(frozen=True)
class Selection:
    """What the person has marked, or the row under the cursor."""

    targets: tuple[Target, ...] = ()

    @classmethod
    def of(cls, document: Document, node_id: str | None = None, resource: Resource = WORKFLOWS) -> Selection:
        """A selection of one object."""
        return cls((Target(document, node_id, resource),))


class FieldKind(StrEnum):
    """How a field is asked for."""

    TEXT = "text"
    LINES = "lines"
    CHOICE = "choice"
    FLAG = "flag"


@dataclass(frozen=True)
class Field:
    """One question of an action's dialog. `choices` are the only answers allowed when there are any."""

    name: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    required: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()
    description: str = ""


REASON = "reason"
"""Name of the field whose answer goes to the audit trail (and, for a gate, into the node's message)."""


@dataclass(frozen=True)
class Write:
    """One request. For a PUT, `renew` makes the body again from a newer object after a conflict.

    `before` is what the body was made from, so that the difference can be shown.
    """

    method: str
    resource: Resource
    namespace: str
    name: str
    body: Document | None = None
    before: Document | None = None
    renew: Callable[[Document], Document] | None = None
    optional: bool = False
    """A 404 is as good as success (a pod that is gone already)."""

    @property
    def path(self) -> str:
        """The URL path that the request goes to."""
        return self.resource.path(self.namespace, None if self.method == "POST" else self.name)

    def shown(self) -> Document | None:
        """The body as a person wants to read it: of a PUT only what changes, as a merge patch."""
        if self.method == "PUT" and self.before is not None and self.body is not None:
            patch: Document = create_merge_patch(self.before, self.body)
            return patch
        return self.body


Check = Callable[[Document | None, Document], bool]
"""Whether an object as it is now (None: it is gone) shows that the action took effect; also given: as written."""


@dataclass(frozen=True)
class Effect:
    """What is watched after the writes: `check` must become true of the object, else `missing` is reported."""

    check: Check
    missing: str
    """A sentence's end after `… s`: `the workflow has not moved`."""


@dataclass(frozen=True)
class Step:
    """The writes for one target, in order, and what they should bring about."""

    target: Target
    writes: tuple[Write, ...]
    said: str
    """What the result line says when the writes were accepted: `workflow x resumed`."""
    effect: Effect | None = None
    audit: str = ""
    """What the audit trail says was done; empty: `said`."""
    notes: tuple[str, ...] = ()
    """What the person should know beside the result: why it may have no effect."""


@dataclass(frozen=True)
class Plan:
    """What will happen, before it happens.

    `lines` are sentences for the person, safe to show; `nodes` maps node ids to what becomes of them (`reset`,
    `deleted`, `kept`, `approved`, `rejected`) for a preview in the tree; `command` is the equal command line.
    `typed` is text that must be typed to confirm; None where a yes is enough.
    """

    action: str
    title: str
    lines: tuple[str, ...]
    steps: tuple[Step, ...]
    command: str
    typed: str | None = None
    nodes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", neutralise(self.title))
        object.__setattr__(self, "lines", tuple(map(neutralise, self.lines)))

    @property
    def writes(self) -> tuple[Write, ...]:
        """All requests, in the order in which they are sent for each target."""
        return tuple(write for step in self.steps for write in step.writes)


class Result(StrEnum):
    """How an action ended for one target."""

    DONE = "done"
    UNCONFIRMED = "unconfirmed"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """The result for one target, in texts that are safe to show.

    `notes` are things to know that did not stop it (no right to write Events).
    """

    target: Target
    result: Result
    text: str
    notes: tuple[str, ...] = ()
    document: Document | None = None
    """The object as the API returned it after the last write; for a submit, the new workflow."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", neutralise(self.text))
        object.__setattr__(self, "notes", tuple(map(neutralise, self.notes)))


@dataclass(frozen=True)
class Action:
    """One thing a person can do. `key` is the default key of the console; `several`: works on many at once."""

    id: str
    title: str
    key: str
    danger: Danger
    applies: Callable[[Selection], Verdict]
    fields: Callable[[Selection], tuple[Field, ...]]
    plan: Callable[[ActionSession, Selection, Answers], Awaitable[Plan]]
    several: bool = True
    needs: tuple[tuple[str, Resource | None], ...] = ()
    """Verbs that every plan of it takes, on the targets' own kind (None) or on another one."""
