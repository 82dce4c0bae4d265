"""The demo as plain lines: one per change; the gate is approved by itself, and says so."""

import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TextIO

from argotui.engine.glyphs import UNICODE, ASCII, Glyphs, State
from argotui.kube.client import Client
from argotui.model.documents import Document
from argotui.model.phase import NodeType
from argotui.model.resources import WORKFLOWS
from argotui.services.following import follow_object
from argotui.services.streams import closing
from argotui.services.waiting import WorkflowGone, is_completed, phase_of, succeeded
from argotui.store.text import neutralise

REASON = "approved by `argotui demo`, since nobody is at the terminal"
_SHOWN = (NodeType.POD, NodeType.SUSPEND, NodeType.RETRY, NodeType.SKIPPED)
