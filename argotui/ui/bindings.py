"""Keys. Each binding's id is the id of an action of the registry, or of something that only a screen can do.

The default keys of actions are those of the registry; a test compares both, so that help, palette, command line and
audit trail speak of the same thing.
"""

from __future__ import annotations

from typing import Final

from textual.binding import Binding

# The keys that open a prompt have priority, so that the focus has moved before the next key is looked at: what is
# typed fast, or comes in one piece over a slow link, must not be taken for keys of the list.
EVERYWHERE: Final = (
    Binding(":", "prompt(':')", "Command", id="prompt.command", priority=True, tooltip="Command, for example :ns argo"),
    Binding("/", "prompt('/')", "Filter", id="prompt.filter", priority=True, tooltip="Filter a list, search a log"),
    Binding("?,f1", "help", "Help", id="help", tooltip="Keys that work here"),
    Binding(".", "menu", "Actions", id="menu", tooltip="All actions; those that are refused say why"),
    Binding("ctrl+p", "palette", "Palette", id="palette", show=False, tooltip="Everything, found by typing"),
    Binding("escape,q", "back", "Back", id="back", show=False, tooltip="One level back; never quits"),
    Binding("ctrl+q", "quit", "Quit", id="quit", show=False, priority=True, tooltip="Leave; what runs goes on"),
    Binding("ctrl+r", "reconnect", "Connect anew", id="reconnect", show=False),
)

ACTION_KEYS: Final = {
    "workflow.approve": ("a", "Approve", "Let the waiting gate pass; asks for a reason"),
    "workflow.reject": ("x", "Reject", "Let the waiting gate fail; asks for a reason"),
    "workflow.retry": ("r", "Retry", "Run again what failed; shows first what is reset"),
    "workflow.resubmit": ("R", "Resubmit", "Run the whole workflow again, as a new one"),
    "workflow.suspend": ("s", "Suspend/resume", "Start nothing new, or go on"),
    "workflow.stop": ("ctrl+x", "Stop", "End it; exit handlers run (:stop)"),
    "workflow.terminate": ("ctrl+k", "Terminate", "End it at once; exit handlers do not run (:terminate)"),
    "workflow.delete": ("ctrl+d", "Delete", "Remove it (:delete)"),
}
"""Default key, label and explanation of the actions on a workflow. `s` resumes what is suspended."""

SHOWN: Final = ("workflow.approve", "workflow.retry")
"""Actions that the bottom line names; `?` and `.` name all."""

WORKFLOW_ACTIONS: Final = tuple(
    Binding(key, f"act('{action_id}')", label, id=action_id, show=action_id in SHOWN, tooltip=tooltip)
    for action_id, (key, label, tooltip) in ACTION_KEYS.items()
)
SUBMIT: Final = Binding("t", "submit", "Submit", id="template.submit", tooltip="Run a template or a file")
TEMPLATE_ACTIONS: Final = (SUBMIT,)
COPY: Final = Binding("c", "copy", "Copy name", id="copy.name", show=False)
BROKEN: Final = Binding("!", "only_broken", "Only broken", id="filter.broken", tooltip="Only what failed or waits")


def key_name(key: str) -> str:
    """A key as it is written on the screen: `ctrl+x`, `:`, `enter`."""
    names = {
        "colon": ":",
        "slash": "/",
        "question_mark": "?",
        "full_stop": ".",
        "exclamation_mark": "!",
        "ampersand": "&",
        "escape": "esc",
        "pageup": "pgup",
        "pagedown": "pgdn",
        "space": "space",
    }
    return names.get(key, key)
