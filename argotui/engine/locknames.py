"""Names of locks and of those who hold them, as they stand in the status (§2.13)."""

from __future__ import annotations

from argotui.engine.errors import EngineError
from argotui.model.documents import Document, dig

_MUTEX, _CONFIG_MAP = "Mutex", "ConfigMap"


def lock_keys(synchronization: Document, namespace: str) -> tuple[str, ...]:
    """The keys of all locks of a `synchronization` block with its tags filled in, semaphores first.

    namespace: the workflow's, for locks that name none. Raises EngineError for one that cannot be used.
    """
    semaphores = [_semaphore(each, namespace) for each in synchronization.get("semaphores") or ()]
    keys = (*semaphores, *(_mutex(each, namespace) for each in synchronization.get("mutexes") or ()))
    if len(set(keys)) < len(keys):
        raise EngineError("requested configuration is invalid: Duplicate synchronization item found")
    return keys


def _mutex(mutex: Document, namespace: str) -> str:
    _refuse_database(mutex)
    if not mutex.get("name"):
        raise EngineError("requested configuration is invalid: a mutex needs a name")
    return f"{mutex.get('namespace') or namespace}/{_MUTEX}/{mutex['name']}"


def _semaphore(semaphore: Document, namespace: str) -> str:
    _refuse_database(semaphore)
    name, key = dig(semaphore, "configMapKeyRef", "name"), dig(semaphore, "configMapKeyRef", "key")
    if not name or not key:
        raise EngineError(
            "requested configuration is invalid: cannot get LockName for a Semaphore without a ConfigMapRef"
        )
    return f"{semaphore.get('namespace') or namespace}/{_CONFIG_MAP}/{name}/{key}"


def _refuse_database(lock: Document) -> None:
    if lock.get("database"):
        raise EngineError("locks that are kept in a database are not supported by this version of argotui")


def is_mutex(lock: str) -> bool:
    """Whether the key is a mutex's; else it is a semaphore's."""
    return lock.split("/", 2)[1:2] == [_MUTEX]


def config_map_key(lock: str) -> tuple[str, str, str] | None:
    """Namespace, name and key of the ConfigMap entry that holds a semaphore's limit; None for other locks."""
    parts = lock.split("/", 3)
    if len(parts) != 4 or parts[1] != _CONFIG_MAP:
        return None
    return parts[0], parts[2], parts[3]


def holder_key(namespace: str, workflow: str, node_id: str = "") -> str:
    """Who holds a lock: a workflow, or one of its nodes."""
    return f"{namespace}/{workflow}/{node_id}" if node_id else f"{namespace}/{workflow}"
