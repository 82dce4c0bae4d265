"""Fields that older versions of Argo Workflows had and that mean nothing any more, with what to write today.

Those that are still understood are in `argotui.model.dialect`.
"""

from __future__ import annotations

RETIRED: dict[str, dict[str, str]] = {
    "StopStrategy": {"condition": "write expression"},
    "Template": {
        "arguments": "a template takes inputs; arguments belong to the step or task that uses it",
        "template": "use a step or task to call another template",
        "templateRef": "use a step or task to call a template of a WorkflowTemplate",
    },
    "WorkflowStep": {"value": "parameters belong below arguments.parameters"},
    "S3Artifact": {"keyPrefix": "write key"},
    "WorkflowTemplateRef": {"template": "write entrypoint in the workflow's spec"},
}
"""Model name to its retired fields, each with what to write instead."""
RETIRED["DAGTask"] = RETIRED["WorkflowStep"]
