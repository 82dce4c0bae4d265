"""Files and templates into workflows: everything is checked before anything is created."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

import pytest

from argotui.engine.operations import SubmitOptions
from argotui.kube.errors import ApiError
from argotui.model.documents import Document
from argotui.model.keys import LABEL_WORKFLOW_TEMPLATE
from argotui.model.problem import ManifestError
from argotui.model.resources import CLUSTER_WORKFLOW_TEMPLATES, CRON_WORKFLOWS, WORKFLOW_TEMPLATES, WORKFLOWS
from argotui.services.actions import ACTIONS, ActionRefused, Result, Selection, drafts_of, perform, template_target
from argotui.services.actions.launch import create, draft_fields, plan_submission
from argotui.services.lookup import LookupFailed
from argotui.services.manifests import Draft, check, load, read_sources
from argotui.services.submit import from_files, from_source, source_named
from tests.unit.services.fake import FakeClient
from tests.unit.services.test_actions import FakeSession

HELLO = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  generateName: hello-
spec:
  entrypoint: main
  arguments:
    parameters:
    - name: who
      value: world
  templates:
  - name: main
    container: {image: alpine, command: [echo], args: ["{{workflow.parameters.who}}"]}
"""
TEMPLATE = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: pipeline
  namespace: argo
  annotations: {workflows.argoproj.io/title: Build it}
spec:
  entrypoint: main
  arguments:
    parameters:
    - {name: env, value: dev, enum: [dev, prod], description: where}
    - {name: tag}
  templates:
  - name: main
    inputs: {parameters: [{name: x, default: "1"}]}
    container: {image: alpine, command: [echo], args: ["{{workflow.parameters.tag}}"]}
  - name: other
    container: {image: alpine, command: ["true"]}
"""
NOTHING = SubmitOptions()


def drafts(*texts: str) -> list[Draft]:
    return load([(f"file-{number}.yaml", text) for number, text in enumerate(texts)])


def template(text: str = TEMPLATE) -> Document:
    return drafts(text)[0].document


async def problems(client: FakeClient, *texts: str, local: bool = True) -> list[str]:
    with pytest.raises(ManifestError) as raised:
        await from_files(client, "argo", drafts(*texts), NOTHING, is_local=local)  # type: ignore[arg-type]
    return [str(problem) for problem in raised.value.problems]


async def test_a_file_becomes_a_workflow_with_the_options_applied() -> None:
    options = SubmitOptions(parameters=["who=me"], labels={"a": "b"}, name="named")
    submission = await from_files(FakeClient(), "argo", drafts(HELLO), options, is_local=True)  # type: ignore[arg-type]
    (draft,) = submission.drafts
    assert draft.document["metadata"] == {
        "generateName": "hello-", "namespace": "argo", "name": "named", "labels": {"a": "b"}
    }  # fmt: skip
    assert draft.document["spec"]["arguments"]["parameters"] == [{"name": "who", "value": "me"}]


async def test_the_namespace_of_the_manifest_wins() -> None:
    text = HELLO.replace("generateName: hello-", "generateName: hello-\n  namespace: team")
    submission = await from_files(FakeClient(), "argo", drafts(text), NOTHING, is_local=True)  # type: ignore[arg-type]
    assert submission.drafts[0].document["metadata"]["namespace"] == "team"


async def test_all_problems_of_all_files_are_told_with_their_places() -> None:
    unknown = HELLO.replace("entrypoint: main", "entrypoint: man")
    cycle = HELLO.replace(
        '    container: {image: alpine, command: [echo], args: ["{{workflow.parameters.who}}"]}',
        "    dag:\n      tasks:\n      - {name: a, template: main, dependencies: [b]}\n"
        "      - {name: b, template: main, dependencies: [a]}",
    )
    undefined = HELLO.replace("parameters.who}}", "parameters.whom}}")
    found = await problems(FakeClient(), unknown, cycle, undefined)
    assert len(found) >= 3
    assert found[0].startswith("file-0.yaml:6:")
    assert "spec.entrypoint" in found[0]
    assert "did you mean 'main'" in found[0]
    assert any(p.startswith("file-1.yaml:") and "cycle" in p for p in found)
    assert any(p.startswith("file-2.yaml:") and "workflow.parameters.whom" in p for p in found)


def test_mistakes_in_the_text_of_several_files_are_all_told() -> None:
    with pytest.raises(ManifestError) as raised:
        drafts("a: [", HELLO.replace("image:", "imge:"), HELLO)
    sources = [problem.source for problem in raised.value.problems]
    assert set(sources) == {"file-0.yaml", "file-1.yaml"}


async def test_a_name_that_is_used_twice() -> None:
    text = HELLO.replace("generateName: hello-", "name: same")
    (found,) = await problems(FakeClient(), text, text)
    assert "Workflow same is defined twice, here and in file-0.yaml" in found


async def test_other_kinds_are_refused_with_what_to_do() -> None:
    (found,) = await problems(FakeClient(), TEMPLATE)
    assert "only workflows can be submitted, not a WorkflowTemplate" in found
    assert "argotui apply file-0.yaml" in found
    assert "argotui submit --from workflowtemplate/pipeline" in found
    (found,) = await problems(FakeClient(), TEMPLATE.replace("name: pipeline", "generateName: pipeline-", 1))
    assert "argotui submit --from workflowtemplate/NAME" in found


async def test_what_this_version_does_not_run_is_refused_on_the_local_cluster_only() -> None:
    text = HELLO.replace(
        'container: {image: alpine, command: [echo], args: ["{{workflow.parameters.who}}"]}', "plugin: {x: {}}"
    )
    (found,) = await problems(FakeClient(), text)
    assert "spec.templates[0].plugin: " in found
    assert "not supported by this version" in found
    elsewhere = await from_files(FakeClient(), "argo", drafts(text), NOTHING, is_local=False)  # type: ignore[arg-type]
    assert "spec.templates[0].plugin" in elsewhere.notes[0]


async def test_templates_are_read_from_the_cluster_with_all_they_refer_to() -> None:
    outer = TEMPLATE.replace("name: pipeline", "name: outer").replace(
        'container: {image: alpine, command: [echo], args: ["{{workflow.parameters.tag}}"]}',
        "steps: [[{name: s, templateRef: {name: shared, template: main, clusterScope: true}}]]",
    )
    shared = template(
        TEMPLATE.replace("WorkflowTemplate", "ClusterWorkflowTemplate").replace("  namespace: argo\n", "")
    )
    shared["metadata"]["name"] = "shared"
    client = FakeClient((WORKFLOW_TEMPLATES, template(outer)), (CLUSTER_WORKFLOW_TEMPLATES, shared))
    text = HELLO.replace("value: world", "value: world\n    - {name: tag, value: t}").replace(
        'container: {image: alpine, command: [echo], args: ["{{workflow.parameters.who}}"]}',
        "steps: [[{name: s, templateRef: {name: outer, template: main}}]]",
    )
    ok = await check(client, "argo", drafts(text), is_local=False)  # type: ignore[arg-type]
    assert ok.problems == ()
    (found,) = await problems(FakeClient(), text, local=False)
    assert "spec.templates[0].steps[0][0].templateRef" in found
    assert "not found" in found


async def test_a_template_that_cannot_be_run_is_refused_where_it_is_used() -> None:
    bad = template(TEMPLATE.replace('container: {image: alpine, command: ["true"]}', "plugin: {x: {}}"))
    client = FakeClient((WORKFLOW_TEMPLATES, bad))
    use = "steps: [[{{name: s, templateRef: {{name: pipeline, template: {}}}}}]]"
    body = 'container: {image: alpine, command: [echo], args: ["{{workflow.parameters.who}}"]}'
    found = await problems(client, HELLO.replace(body, use.format("other")))
    assert any("in WorkflowTemplate pipeline: spec.templates[1].plugin" in problem for problem in found)
    with_tag = HELLO.replace("value: world", "value: world\n    - {name: tag, value: t}")
    fine = await check(client, "argo", drafts(with_tag.replace(body, use.format("main"))), is_local=True)  # type: ignore[arg-type]
    assert not any("plugin" in str(problem) for problem in fine.problems)


async def test_passed_parameters_do_not_lead_to_wrong_lines() -> None:
    text = HELLO.replace("value: world", "value: world\n    - name: who")
    options = SubmitOptions(parameters=["a=1", "b=2"])
    with pytest.raises(ManifestError) as raised:
        await from_files(FakeClient(), "argo", drafts(text), options, is_local=True)  # type: ignore[arg-type]
    assert all((problem.line or 0) in (0, 7, 8) for problem in raised.value.problems)


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "latin").write_bytes(b"name: caf\xe9")
    (tmp_path / "good.yaml").write_text(HELLO)
    with pytest.raises(ManifestError) as raised:
        read_sources([str(tmp_path / "none"), str(tmp_path / "latin"), "https://example.com/x.yaml"])
    said = [str(problem) for problem in raised.value.problems]
    assert said[0].endswith("No such file or directory")
    assert said[1].endswith("not UTF-8 text: byte 9 is 0xe9")
    assert "URL is not supported" in said[2]
    assert read_sources([str(tmp_path)], directories=True) == [(str(tmp_path / "good.yaml"), HELLO)]
    monkeypatch.setattr(sys, "stdin", StringIO(HELLO))
    assert read_sources(["-"]) == [("stdin", HELLO)]


# --from


async def test_from_a_template() -> None:
    client = FakeClient((WORKFLOW_TEMPLATES, template()))
    source = await source_named(client, "argo", "wftmpl/pipeline")  # type: ignore[arg-type]
    with pytest.raises(ManifestError, match="tag"):
        await from_source(client, "argo", source, NOTHING, is_local=True)  # type: ignore[arg-type]
    options = SubmitOptions(parameters=["tag=v1"])
    submission = await from_source(client, "argo", source, options, is_local=True)  # type: ignore[arg-type]
    made = submission.drafts[0].document
    assert made["metadata"]["labels"] == {LABEL_WORKFLOW_TEMPLATE: "pipeline"}
    assert made["spec"]["workflowTemplateRef"] == {"name": "pipeline"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pipeline", "not of the form kind/name"),
        ("pod/x", "nothing that can be submitted"),
        ("workflowtemplate/nope", "workflowtemplate argo/nope not found"),
        ("cwft/nope", "clusterworkflowtemplate nope not found"),
    ],
)
async def test_a_source_that_is_none(text: str, said: str) -> None:
    with pytest.raises(LookupFailed, match=said):
        await source_named(FakeClient(), "argo", text)  # type: ignore[arg-type]


async def test_from_a_cron_workflow() -> None:
    cron = {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow",
        "metadata": {"name": "c", "namespace": "argo", "uid": "u"},
        "spec": {"schedules": ["* * * * *"], "workflowSpec": drafts(HELLO)[0].document["spec"]},
    }  # fmt: skip
    client = FakeClient((CRON_WORKFLOWS, cron))
    source = await source_named(client, "argo", "cronwf/c")  # type: ignore[arg-type]
    submission = await from_source(client, "argo", source, NOTHING, is_local=True)  # type: ignore[arg-type]
    assert submission.drafts[0].document["metadata"]["generateName"] == "c-"


async def test_creation_stops_at_the_first_refusal_and_says_what_exists() -> None:
    client = FakeClient()
    texts = [HELLO.replace("generateName: hello-", f"name: wf-{n}") for n in range(3)]
    submission = await from_files(client, "argo", drafts(*texts), NOTHING, is_local=True)  # type: ignore[arg-type]

    def refuse(method: str, path: str, body: object) -> None:
        if method == "POST" and isinstance(body, dict) and body["metadata"].get("name") == "wf-1":
            raise ApiError(403, "Forbidden", "quota")

    client.before = refuse
    created = await create(FakeSession(client), plan_submission(submission, action="workflow.submit"), "r")
    assert [w["metadata"]["name"] for w in created.workflows] == ["wf-0"]
    assert created.failed is not None
    assert "quota" in created.failed.text
    assert client.stored(WORKFLOWS, "wf-2") is None


# the console's forms


async def test_the_form_of_a_template() -> None:
    client = FakeClient((WORKFLOW_TEMPLATES, template()))
    action = ACTIONS["template.submit"]
    document = await client.get(WORKFLOW_TEMPLATES, "pipeline", "argo")
    selection = Selection((template_target(document),))
    assert action.applies(selection)
    fields = {field.name: field for field in action.fields(selection)}
    env, tag, entrypoint = (fields[name] for name in ("parameters.env", "parameters.tag", "entrypoint"))
    assert (env.choices, env.default, env.description, env.required) == (("dev", "prod"), "dev", "where", False)
    assert tag.required
    assert set(entrypoint.choices) >= {"main", "other"}
    assert list(fields) == ["parameters.env", "parameters.tag", "entrypoint", "name", "labels", "reason"]
    session = FakeSession(client)
    with pytest.raises(ActionRefused, match="tag is required"):
        await action.plan(session, selection, {})
    answers = {"parameters.env": "dev", "parameters.tag": "v 2", "entrypoint": "main", "labels": "team=x"}
    plan = await action.plan(session, selection, answers)
    assert plan.command == "argo -n argo submit --from workflowtemplate/pipeline -p 'tag=v 2' --labels team=x"
    (outcome,) = await perform(session, plan, "go", verify=False)
    assert outcome.result is Result.DONE
    assert outcome.document is not None
    assert outcome.document["spec"]["arguments"]["parameters"] == [{"name": "tag", "value": "v 2"}]
    assert outcome.document["metadata"]["labels"]["team"] == "x"


async def test_the_form_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "hello.yaml").write_text(HELLO)
    answers = {"file": str(tmp_path / "hello.yaml"), "parameters.who": "ann", "name": "mine"}
    (draft,) = drafts_of(answers)
    assert [field.default for field in draft_fields(draft)] == ["world"]
    session = FakeSession(FakeClient())
    plan = await ACTIONS["workflow.submit"].plan(session, Selection(), answers)
    assert plan.command.endswith("hello.yaml -p who=ann --name mine")
    (outcome,) = await perform(session, plan, "", verify=False)
    assert outcome.document is not None
    assert outcome.document["metadata"]["name"] == "mine"
    with pytest.raises(ManifestError):
        await ACTIONS["workflow.submit"].plan(session, Selection(), {"file": str(tmp_path / "none")})


async def test_older_forms_stay_on_the_local_cluster_and_are_sent_as_todays_elsewhere() -> None:
    text = HELLO.replace("spec:\n", "spec:\n  podPriority: 3\n", 1)
    own = await from_files(FakeClient(), "argo", drafts(text), NOTHING, is_local=True)  # type: ignore[arg-type]
    assert own.drafts[0].document["spec"]["podPriority"] == 3
    assert own.notes == ()
    sent = await from_files(FakeClient(), "argo", drafts(text), NOTHING, is_local=False)  # type: ignore[arg-type]
    assert "podPriority" not in sent.drafts[0].document["spec"]
    [note] = sent.notes
    assert "spec.podPriority: an older form, sent as it is written today; write podPriorityClassName" in note
