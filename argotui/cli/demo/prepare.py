"""What the demo puts into the local cluster: the pipeline's template and secret, a run of it, and a failing report."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from argotui.cli.running import CliError, CliSession
from argotui.engine.operations import SubmitOptions
from argotui.model import documents
from argotui.model.keys import LABEL_WORKFLOW_TEMPLATE
from argotui.services.actions.launch import create, plan_submission
from argotui.services.apply import apply_documents
from argotui.services.lookup import Filter, matching
from argotui.services.manifests import Draft, load
from argotui.services.submit import Submission, from_files, from_source, source_named

NAMESPACE = "argo"
PIPELINE = "ci-pipeline"
REPORT = "nightly-report"
_PLACEHOLDER = "@REPOS@"


def drafts(name: str, repositories: Path) -> list[Draft]:
    """The documents of one of the demo's files, for the repositories in this folder."""
    text = (resources.files("argotui.cli.demo") / "manifests" / f"{name}.yaml").read_text()
    return load([(f"{name}.yaml", text.replace(_PLACEHOLDER, str(repositories)))])


async def start_pipeline(session: CliSession, repositories: Path) -> str:
    """Applies the template and its secret and submits a run; returns the run's name."""
    documents_ = [draft.document for draft in drafts(PIPELINE, repositories)]
    await apply_documents(session.client, documents_, NAMESPACE)
    source = await source_named(session.client, NAMESPACE, f"workflowtemplate/{PIPELINE}")
    submission = await from_source(session.client, NAMESPACE, source, SubmitOptions(), is_local=True)
    return await _create(session, submission, f"argotui submit --from workflowtemplate/{PIPELINE}".split())


async def start_report(session: CliSession, repositories: Path) -> str:
    """Submits the workflow whose last step fails the first time; returns its name."""
    submission = await from_files(
        session.client, NAMESPACE, drafts(REPORT, repositories), SubmitOptions(), is_local=True
    )
    return await _create(session, submission)


async def running_pipelines(session: CliSession) -> list[str]:
    """Runs of the pipeline that are not over, so that opening the demo again does not pile up more of them."""
    wanted = Filter(labels=f"{LABEL_WORKFLOW_TEMPLATE}={PIPELINE}", completed=False)
    return [documents.name(workflow) async for workflow in matching(session.client, NAMESPACE, wanted)]


async def _create(session: CliSession, submission: Submission, words: Sequence[str] = ()) -> str:
    created = await create(session, plan_submission(submission, action="workflow.submit", words=words))
    if created.failed:
        raise CliError(created.failed.text)
    return documents.name(created.workflows[0])
