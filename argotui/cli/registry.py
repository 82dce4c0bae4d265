"""The verbs: name, module, one line of help. A module is imported only when its verb is used.

A verb's module has `add_parser(subparsers)`, which declares it, and `run(args) -> int`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verb:
    """One verb. `module` is the module's name below `argotui.cli`; a hidden verb is not listed in the help."""

    name: str
    module: str
    summary: str
    hidden: bool = False


VERBS = {
    verb.name: verb
    for verb in (
        Verb("submit", "submit", "submit workflows from files, or one from a template"),
        Verb("list", "list", "list workflows"),
        Verb("get", "get", "show a workflow and its tree of steps"),
        Verb("logs", "logs", "print the log of a workflow or of one of its pods"),
        Verb("watch", "watch", "show a workflow until it is completed"),
        Verb("wait", "wait", "wait until workflows are completed"),
        Verb("resume", "resume", "let suspended workflows and waiting gates go on"),
        Verb("suspend", "suspend", "start nothing new in a workflow until it is resumed"),
        Verb("stop", "stop", "end workflows; their exit handlers run"),
        Verb("terminate", "terminate", "end workflows at once; no exit handler runs"),
        Verb("retry", "retry", "run the failed steps of workflows again"),
        Verb("resubmit", "resubmit", "submit workflows again, as new ones"),
        Verb("delete", "delete", "delete workflows"),
        Verb("node", "node", "set the phase, message or outputs of a waiting gate: node set"),
        Verb("lint", "lint", "check manifests without submitting them"),
        Verb("cron", "cron", "cron workflows: list, get, create, update, delete, suspend, resume, lint, backfill"),
        Verb("apply", "apply", "create or replace objects of any kind from files"),
        Verb("local", "local", "the local cluster: start, stop, status, reset, kubeconfig"),
        Verb("install", "install", "put CRDs, roles and the controller on a cluster"),
        Verb("uninstall", "uninstall", "take away what install put on a cluster"),
        Verb("doctor", "doctor", "check a cluster: what is wrong, and what to do about it"),
        Verb("demo", "demo", "the guide's CI/CD pipeline on the local cluster"),
        Verb("version", "version", "print the version"),
        Verb("controller", "hidden", "run the workflow controller", hidden=True),
        Verb("apiserver", "hidden", "run the API server of the local cluster", hidden=True),
        Verb("kubelet", "hidden", "run the kubelet of the local cluster", hidden=True),
    )
}
