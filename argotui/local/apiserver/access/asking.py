"""What a request asks for, and the refusal when it may not."""

from __future__ import annotations

from aiohttp import web

from argotui.local.apiserver import status
from argotui.local.apiserver.access.authoriser import Asked, Authoriser
from argotui.local.apiserver.access.users import AUTHENTICATED, User, account_groups, account_of
from argotui.local.apiserver.requests import Target
from argotui.local.apiserver.status import StatusError
from argotui.model.selectors import FieldSelector, SelectorError

_VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_COMMANDS = ("exec", "attach", "portforward")
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def asked_of(method: str, path: str, target: Target | None, query: dict[str, str]) -> Asked:
    """What a request asks for. `target` is None for a path that is no object's."""
    if target is None:
        return Asked(method.lower(), path=path)
    verb, name, namespace = _VERBS.get(method, ""), target.name, target.namespace
    if verb == "get" and not name:
        verb = "watch" if query.get("watch") in ("", "1", "true", "True") else "list"
        name = _selected_name(query.get("fieldSelector", ""))
    elif verb == "delete" and not name:
        verb = "deletecollection"
    if target.plural == "namespaces" and not target.group:
        namespace = target.name  # a namespace lies in itself
    return Asked(verb, target.group, target.version, target.plural, target.subresource, namespace, name)


def asked_to_create(target: Target) -> Asked:
    """The right to make the object that a path names."""
    return Asked("create", target.group, target.version, target.plural, "", target.namespace, target.name)


def _selected_name(selector: str) -> str:
    """The one object that a list is limited to by its field selector; "" for none."""
    if "metadata.name" not in selector:
        return ""
    try:
        return FieldSelector.parse(selector).required("metadata.name") or ""
    except SelectorError:
        return ""


def authorise(authoriser: Authoriser, user: User, asked: Asked) -> None:
    """Raises StatusError 403 when `user` may not do it."""
    if not authoriser.allows(user, asked):
        raise refusal(authoriser, user, asked)
    if asked.subresource in _COMMANDS and asked.verb == "get" and not user.is_master:
        # a WebSocket begins with GET, and who may only look must not run commands
        create = Asked("create", asked.group, asked.version, asked.resource, asked.subresource, asked.namespace)
        if not authoriser.allows(user, create):
            raise refusal(authoriser, user, create)


def refusal(authoriser: Authoriser, user: User, asked: Asked) -> StatusError:
    """403 in Kubernetes' words."""
    text = _sentence(user, asked).translate(_HTML)
    reason = authoriser.decide(user, asked).reason
    text += f": {reason}" if reason else ""
    if asked.path:
        return StatusError(403, "Forbidden", f"forbidden: {text}", {})
    return status.forbidden(asked.resource, asked.group, asked.name, text)


def _sentence(user: User, asked: Asked) -> str:
    if asked.path:
        return f'User "{user.name}" cannot {asked.verb} path "{asked.path}"'
    where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
    what = f'resource "{asked.right.resource}" in API group "{asked.group}"'
    return f'User "{user.name}" cannot {asked.verb} {what} {where}'


def impersonated(authoriser: Authoriser, user: User, request: web.BaseRequest) -> User:
    """The user that a request wants to act as, if it may; `user` itself without such a wish.

    Raises StatusError 400 for headers that do not belong together, 403 for who may not.
    """
    if not any(header[:12].lower() == "impersonate-" for header in request.headers):
        return user
    name = request.headers.get("Impersonate-User", "")
    groups = tuple(request.headers.getall("Impersonate-Group", ()))
    uid = request.headers.get("Impersonate-Uid", "")
    extra = _extra(request)
    if not name:
        raise status.bad_request("requested without impersonating a user: groups, uid and extra need one")
    account = account_of(name)
    wanted = [Asked("impersonate", "", "", "users", name=name)]
    if account is not None:
        wanted = [Asked("impersonate", "", "v1", "serviceaccounts", namespace=account[0], name=account[1])]
    wanted += [Asked("impersonate", "", "", "groups", name=group) for group in groups]
    own = "authentication.k8s.io"
    wanted += [Asked("impersonate", own, "v1", "uids", name=uid)] if uid else []
    wanted += [Asked("impersonate", own, "v1", "userextras", key, name=one) for key, values in extra for one in values]
    for asked in wanted:
        if not authoriser.allows(user, asked):
            raise refusal(authoriser, user, asked)
    if account is not None and not groups:
        groups = account_groups(account[0])
    if AUTHENTICATED not in groups and name != "system:anonymous":
        groups = (*groups, AUTHENTICATED)
    return User(name, groups, uid, extra)


def _extra(request: web.BaseRequest) -> tuple[tuple[str, tuple[str, ...]], ...]:
    prefix = "impersonate-extra-"
    keys = sorted({name.lower() for name in request.headers if name.lower().startswith(prefix)})
    return tuple((key.removeprefix(prefix), tuple(request.headers.getall(key))) for key in keys)
