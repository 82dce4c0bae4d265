"""Fields that older versions of Argo Workflows had, and how to write them today."""

from __future__ import annotations

RETIRED: dict[str, dict[str, str]] = {
    "CronWorkflowSpec": {"schedule": 'write schedules: ["…"], a list'},
    "Synchronization": {
        "mutex": "write mutexes: a list, with the same fields in each element",
        "semaphore": "write semaphores: a list, with the same fields in each element",
    },
    "StopStrategy": {"condition": "write expression"},
    "WorkflowSpec": {
        "ttlSecondsAfterFinished": "write ttlStrategy with secondsAfterCompletion",
        "podPriority": "write podPriorityClassName, the name of a PriorityClass",
    },
    "Template": {
        "priority": "write priorityClassName, the name of a PriorityClass",
        "arguments": "a template takes inputs; arguments belong to the step or task that uses it",
        "template": "use a step or task to call another template",
        "templateRef": "use a step or task to call a template of a WorkflowTemplate",
        "resubmitPendingPods": "leave it out: a pod that cannot be created yet is tried again by itself",
    },
    "WorkflowStep": {"value": "parameters belong below arguments.parameters"},
    "S3Artifact": {"keyPrefix": "write key"},
    "WorkflowTemplateRef": {"template": "write entrypoint in the workflow's spec", "runtimeResolution": "leave it out"},
    "TemplateRef": {"runtimeResolution": "leave it out: templates are always looked up when they run"},
}
"""Model name to its retired fields, each with what to write instead."""
RETIRED["DAGTask"] = RETIRED["WorkflowStep"]
