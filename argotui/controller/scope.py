"""Which objects this controller acts on (§8.4). Nothing else may assume that there is only one controller."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from argotui.model import keys
from argotui.model.documents import deleted, labels, namespace


@dataclass(frozen=True)
class Scope:
    """One namespace or all (None), and one instance id or none ("")."""

    namespace: str | None
    instance_id: str

    @property
    def _instance(self) -> str:
        key = keys.LABEL_INSTANCE_ID
        return f"{key}={self.instance_id}" if self.instance_id else f"!{key}"

    @property
    def workflows(self) -> str:
        """Label selector of the workflows that may still need something."""
        return f"{keys.LABEL_COMPLETED}!=true,{self._instance}"

    @property
    def completed(self) -> str:
        """Label selector of the workflows that are over."""
        return f"{keys.LABEL_COMPLETED}=true,{self._instance}"

    @property
    def pods(self) -> str:
        """Label selector of the pods whose end was not yet recorded."""
        return f"{keys.LABEL_WORKFLOW},{keys.LABEL_COMPLETED}=false,{self._instance}"

    @property
    def results(self) -> str:
        """Label selector of WorkflowTaskResults."""
        return f"{keys.LABEL_WORKFLOW},{self._instance}"

    @property
    def task_sets(self) -> str:
        """Label selector of the WorkflowTaskSets that an agent may still serve."""
        return f"{keys.LABEL_COMPLETED}!=true,{self._instance}"

    @property
    def cron_workflows(self) -> str:
        """Label selector of CronWorkflows."""
        return self._instance

    @property
    def cron_children(self) -> str:
        """Label selector of the workflows that CronWorkflows started, ended ones too."""
        return f"{keys.LABEL_CRON_WORKFLOW},{self._instance}"

    def covers(self, workflow: Mapping[str, Any]) -> bool:
        """Whether `workflow` is among those that this controller ever acts on."""
        instance = labels(workflow).get(keys.LABEL_INSTANCE_ID, "")
        return self.namespace in (None, namespace(workflow)) and instance == self.instance_id

    def owns(self, workflow: Mapping[str, Any]) -> bool:
        """Whether this controller decides what happens to `workflow` next: in scope, not over, not being deleted."""
        over = labels(workflow).get(keys.LABEL_COMPLETED) == "true" or bool(deleted(workflow))
        return self.covers(workflow) and not over
