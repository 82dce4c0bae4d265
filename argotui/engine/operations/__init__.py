"""What people do to workflows, as the exact objects upstream would write (§6).  Planning only: nothing is sent.

Functions named for an operation return a whole document to PUT (guarded by its resourceVersion), unless their
docstring says that it is a merge patch.  They raise `OperationRefused` with upstream's text and never change
their argument.  Where nothing has to be written, the argument itself comes back.
"""

from argotui.engine.operations.gates import resume, set_node, stop_gate
from argotui.engine.operations.refusal import OperationRefused
from argotui.engine.operations.resubmission import resubmit
from argotui.engine.operations.retry import RetryPlan, plan_retry
from argotui.engine.operations.shutdown import stop, suspend, terminate
from argotui.engine.operations.submission import SubmitOptions, apply_submit_options, parameters_of_file, submit_from

__all__ = [
    "OperationRefused",
    "RetryPlan",
    "SubmitOptions",
    "apply_submit_options",
    "parameters_of_file",
    "plan_retry",
    "resubmit",
    "resume",
    "set_node",
    "stop",
    "stop_gate",
    "submit_from",
    "suspend",
    "terminate",
]
