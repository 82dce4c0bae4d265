"""Everything that can be said about files: what is wrong, and what could be better."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from argotui.model.documents import Document
from argotui.model.problem import Problem
from argotui.services.manifests import Draft, Loaded, check

if TYPE_CHECKING:
    from argotui.kube.client import Client

ERROR, WARNING, HINT = LEVELS = ("error", "warning", "hint")


@dataclass(frozen=True)
class Remark:
    """One line of the result. rule: the name of the advice; empty for an error."""

    file: str
    line: int | None
    column: int | None
    path: str
    level: str
    rule: str
    message: str
    suggestion: str | None

    def __str__(self) -> str:
        said = f"{self.message} [{self.rule}]" if self.rule else self.message
        return str(Problem(self.file, self.line, self.column, self.path, f"{self.level}: {said}", self.suggestion))


@dataclass(frozen=True)
class Report:
    """manifests: how many were looked at. remarks: in the order of the files. notes: about the check itself."""

    manifests: int
    remarks: tuple[Remark, ...]
    notes: tuple[str, ...] = ()

    def count(self, level: str) -> int:
        """How many remarks there are of a level."""
        return sum(remark.level == level for remark in self.remarks)

    def document(self) -> Document:
        """The report as JSON."""
        counts = {f"{level}s": self.count(level) for level in LEVELS}
        return {"manifests": self.manifests, **counts, "problems": [asdict(remark) for remark in self.remarks]}


async def lint(
    client: Client | None, namespace: str, loaded: Loaded, *, kinds: Collection[str], is_local: bool, hints: bool = True
) -> Report:
    """What is to be said about the documents of these kinds; the others are templates that they may refer to.

    Raises ApiError when the cluster refuses to be asked for templates.
    """
    checked = await check(client, namespace, loaded.drafts, is_local=is_local)
    chosen = [draft for draft in loaded.drafts if draft.kind in kinds or not draft.checkable]
    files = {draft.source for draft in chosen} | {problem.source for problem in loaded.problems}
    problems = [problem for problem in (*loaded.problems, *checked.problems) if problem.source in files]
    remarks = [*map(_error, problems), *_advice(chosen, hints)]
    return Report(len(chosen), tuple(sorted(remarks, key=_place)), checked.notes)


def _error(problem: Problem) -> Remark:
    return Remark(
        problem.source, problem.line, problem.column, problem.path, ERROR, "", problem.message, problem.suggestion
    )


def _advice(drafts: Iterable[Draft], hints: bool) -> Iterator[Remark]:
    from argotui.engine.advice import advise

    for draft in drafts:
        if draft.faults:
            continue
        for advice in advise(draft.document):
            if hints or advice.level != HINT:
                line, column = draft.locate(advice.path)
                yield Remark(
                    draft.source, line, column, advice.path, str(advice.level), advice.rule, advice.message,
                    advice.suggestion,
                )  # fmt: skip


def _place(remark: Remark) -> tuple[str, int, int, int]:
    return remark.file, remark.line or 0, remark.column or 0, LEVELS.index(remark.level)


def files_of(remarks: Sequence[Remark]) -> Iterator[tuple[str, list[Remark]]]:
    """The remarks file by file."""
    found: dict[str, list[Remark]] = {}
    for remark in remarks:
        found.setdefault(remark.file, []).append(remark)
    yield from found.items()
