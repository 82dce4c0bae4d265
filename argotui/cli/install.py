"""`argotui install`."""

from __future__ import annotations

import argparse
import json

from argotui.cli import options
from argotui.cli.printing import as_yaml
from argotui.cli.running import CliError, CliSession, run_connected, run_guarded
from argotui.cli.terminal import complain, terminal
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.resources import CRDS
from argotui.services.install.applying import Outcome, install
from argotui.services.install.objects import objects
from argotui.services.install.settings import InstallRefused, InstallSettings

_BASE = InstallSettings()


def add_parser(subparsers: options.Subparsers) -> None:
    """Declares the verb."""
    parser = subparsers.add_parser("install", help="put CRDs, roles and the controller on a cluster")
    parser.add_argument("--print", action="store_true", dest="only_print", help="print the manifests, apply nothing")
    parser.add_argument("--dry-run", action="store_true", help="let the server check everything, change nothing")
    parser.add_argument("--force", action="store_true", help="take over fields that somebody else applied")
    parser.add_argument("--image", default="", metavar="IMAGE", help="image of argotui, built from its Containerfile")
    parser.add_argument(
        "--executor-image", default=_BASE.executor_image, metavar="IMAGE", help="image of argoexec (%(default)s)"
    )
    parser.add_argument("--namespaced", action="store_true", help="roles and work end at the controller's namespace")
    parser.add_argument(
        "--workflows-in", action="append", default=[], metavar="NAMESPACE[:SERVICEACCOUNT]",
        help="whose pods run workflows; again for more (default: the default account beside the controller)",
    )  # fmt: skip
    parser.add_argument(
        "--configmap", default=_BASE.configmap, metavar="NAME", help="the controller's ConfigMap (%(default)s)"
    )
    parser.add_argument("--instance-id", default="", metavar="ID", help="act only on objects with this instance id")
    parser.add_argument("--no-crds", action="store_false", dest="crds", help="leave the CRDs to somebody else")
    parser.add_argument(
        "--minimal-crds", action="store_true", help="CRDs without schemas: small, but the server checks no fields"
    )
    parser.add_argument("--no-controller", action="store_false", dest="controller", help="CRDs and roles only")
    parser.add_argument("--create-namespace", action="store_true", help="make the namespace, too")


def run(args: argparse.Namespace) -> int:
    """Installs or prints; returns the exit code: 1 when anything was refused."""
    if args.only_print:
        return run_guarded(lambda: _print(_wanted(args, args.namespace or _BASE.namespace)))
    return run_connected(args, lambda session: _install(session, args))


def _wanted(args: argparse.Namespace, namespace: str) -> list[Document]:
    settings = InstallSettings(
        namespace=namespace,
        namespaced=args.namespaced,
        workflow_accounts=tuple(_account(text) for text in args.workflows_in),
        image=args.image,
        executor_image=args.executor_image,
        configmap=args.configmap,
        instance_id=args.instance_id,
        crds=args.crds,
        minimal_crds=args.minimal_crds,
        controller=args.controller,
        create_namespace=args.create_namespace,
    )
    try:
        settings.check()
    except InstallRefused as error:
        raise CliError(str(error)) from error
    return objects(settings)


def _account(text: str) -> tuple[str, str]:
    namespace, _, account = text.partition(":")
    return namespace, account or "default"


async def _print(wanted: list[Document]) -> int:
    for document in wanted:
        print("---")
        print(text_of(document))
    return 0


def text_of(document: Document) -> str:
    """As YAML; a CRD as JSON, which is YAML too: as block YAML the eight of them are 8 MB and take seconds to write."""
    if documents.kind(document) == CRDS.kind:
        return json.dumps(document, indent=1)
    return as_yaml(document)


async def _install(session: CliSession, args: argparse.Namespace) -> int:
    if session.is_local:
        raise CliError("the local cluster has CRDs, roles and a controller from the start; there is nothing to install")
    wanted = _wanted(args, args.namespace or _BASE.namespace)
    config = session.client.config
    complain(f"installing on {config.context_name or 'this cluster'} ({config.server})", prefix="")
    outcomes = [tell(outcome) async for outcome in install(
        session.client, wanted, force=args.force, dry_run=args.dry_run
    )]  # fmt: skip
    refused = sum(outcome.refused for outcome in outcomes)
    if refused:
        rest = "" if refused == len(outcomes) else "; the rest is in place"
        complain(f"{refused} of {len(outcomes)} objects were refused{rest}")
    elif not args.dry_run:
        print("installed; `argotui doctor` tells whether it works")
    return int(bool(refused))


def tell(outcome: Outcome) -> Outcome:
    """One line: `clusterrole/argotui-viewer created`."""
    to = terminal()
    why = f": {to.safe(outcome.why)}" if outcome.why else ""
    line = f"{to.safe(outcome.called)} {outcome.did}{why}"
    if outcome.refused:
        complain(line, prefix="")
    else:
        print(line)
    return outcome
