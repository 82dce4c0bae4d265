"""`argotui local user add | list | remove`: people with fewer rights than the local cluster's owner."""

import argparse
import asyncio
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from argotui.config.paths import local_dir
from argotui.local.certificates import write_private
from argotui.local.userproblem import UserProblem, check_name

if TYPE_CHECKING:
    from argotui.local.users import Users


def add_parser(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares `user` and its own verbs."""
    parser = verbs.add_parser("user", help="users with fewer rights: add, list, remove")
    own = parser.add_subparsers(dest="user_verb", metavar="VERB", required=True)
    add = own.add_parser("add", help="make a user, give it a role, and write its kubeconfig")
    add.add_argument("name", metavar="NAME")
    add.add_argument("--namespace", "-n", default="", help="give the rights in this namespace only (default: all)")
    add.add_argument(
        "--role", default="view", help="view, edit, admin, or the name of any Role or ClusterRole (default: view)"
    )
    add.add_argument("--output", "-o", metavar="FILE", help="where the kubeconfig goes (default: NAME.kubeconfig)")
    own.add_parser("list", help="all users and their roles")
    remove = own.add_parser("remove", help="end a user: its kubeconfig is worth nothing from then on")
    remove.add_argument("name", metavar="NAME")


def run(args: argparse.Namespace) -> int:
    """Runs the chosen verb; returns the exit code."""
    verbs = {"add": _add, "list": _list, "remove": _remove}
    try:
        return asyncio.run(verbs[args.user_verb](args))
    except (UserProblem, OSError) as error:
        print(f"argotui: {error}", file=sys.stderr)
        return 1


def _users() -> "AbstractAsyncContextManager[Users]":
    from argotui.local.users import administrator  # the client takes a while to import

    return administrator(local_dir())


async def _add(args: argparse.Namespace) -> int:
    check_name(args.name)
    path = Path(args.output or f"{args.name}.kubeconfig")
    if path.exists():
        raise UserProblem(f"{path} exists and is left as it is; name another file with --output")
    if not path.absolute().parent.is_dir():
        raise UserProblem(f"{path.absolute().parent} is no directory; name another file with --output")
    async with _users() as users:
        text = await users.add(args.name, args.role, args.namespace)
    write_private(path.absolute(), text.encode())
    where = f"in namespace {args.namespace}" if args.namespace else "in all namespaces"
    print(f"user {args.name} has the role {args.role} {where}")
    print(f"its kubeconfig is {path}; who has that file has these rights:")
    print(f"  argotui --kubeconfig {path}")
    print(f"end them:  argotui local user remove {args.name}")
    return 0


async def _list(args: argparse.Namespace) -> int:
    async with _users() as users:
        found = await users.list()
    if not found:
        print("no users but the owner; make one: argotui local user add NAME")
        return 0
    rows = [("NAME", "ROLE", "NAMESPACE", "CREATED")]
    rows += [(each.name, each.role or "none", each.namespace or "all", each.created) for each in found]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]))
    return 0


async def _remove(args: argparse.Namespace) -> int:
    async with _users() as users:
        await users.remove(args.name)
    print(f"the user {args.name} is no more; its kubeconfig is worth nothing now")
    return 0
