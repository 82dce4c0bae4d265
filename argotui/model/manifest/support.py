"""What this version does not run: fields that are known and valid, but would change behaviour.

To support a field, take its line away.  Keys are `Model.field`: the name of the part in the manifest
models, and the wire name of the field.  Not listed are fields that pass straight into the pod, and
fields that do nothing unless another one does.
"""

from __future__ import annotations

_NOT = "not supported by this version of argotui"
_ARTIFACTS = f"artifacts are {_NOT}"
_DATABASE_LOCKS = f"locks that are kept in a database are {_NOT}"
_EVENTS = f"events are {_NOT}"

UNSUPPORTED: dict[str, str] = {
    # types of templates
    "Template.data": f"data templates are {_NOT}, as they list the files of an artifact store",
    "Template.plugin": f"plugin templates are {_NOT}, as there is no agent that serves plugins",
    "ResourceTemplate.manifestFrom": f"manifestFrom is {_NOT}, as it needs artifacts",
    # templates
    "Template.archiveLocation": _ARTIFACTS,
    # exit handlers and other hooks
    # parameters and artifacts
    "Inputs.artifacts": _ARTIFACTS,
    "Outputs.artifacts": _ARTIFACTS,
    "Arguments.artifacts": _ARTIFACTS,
    "ValueFrom.event": _EVENTS,
    # workflows
    "Mutex.database": _DATABASE_LOCKS,
    "SemaphoreRef.database": _DATABASE_LOCKS,
    "WorkflowSpec.artifactRepositoryRef": _ARTIFACTS,
    "WorkflowSpec.artifactGC": _ARTIFACTS,
    "WorkflowSpec.archiveLogs": f"archiveLogs is {_NOT}",
    # kinds
    "WorkflowEventBinding.spec": _EVENTS,
}
"""`Model.field` to the reason."""
