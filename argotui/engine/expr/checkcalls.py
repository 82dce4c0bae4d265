"""The checker's part for calls: functions with types, functions that check for themselves, and predicates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from argotui.engine.expr import ast
from argotui.engine.expr.builtins.table import BuiltinFunction, builtin
from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gotypes import ANY, ANYS, BOOL, GROUPS, INT, GoType
from argotui.engine.expr.nature import FLOAT_NATURE, INT_NATURE, UNKNOWN, Nature, of_type, of_value

if TYPE_CHECKING:
    from argotui.engine.expr.check import Checker, Environment


class _Mismatch(Exception):
    """Arguments that do not fit one of the types of a function; another one may fit."""

    def __init__(self, node: ast.Node, message: str) -> None:
        super().__init__(message)
        self.node = node


class CallChecker:
    """Checks one call."""

    def __init__(self, checker: Checker, env: Environment) -> None:
        self._checker = checker
        self._env = env

    def function(self, function: BuiltinFunction, node: ast.Node, arguments: list[ast.Node]) -> Nature:
        """A call of a function of the language."""
        if function.validate is not None:
            natures = [self._checker.visit(argument) for argument in arguments]
            try:
                return of_type(function.validate([ANY if n.is_unknown else n.type for n in natures]))
            except Fault as fault:
                raise self._checker.fault(node, str(fault)) from None
        visited = _Visited(self._checker, arguments)
        last: _Mismatch | None = None
        for kind in function.types or (function.type,):
            try:
                return self._arguments(function.name, kind, node, arguments, visited)
            except _Mismatch as mismatch:
                last = mismatch
        raise self._checker.fault(node if last is None else last.node, str(last))

    def typed(self, name: str, kind: GoType, node: ast.Node, arguments: list[ast.Node]) -> Nature:
        """A call of a function value or a method."""
        try:
            return self._arguments(name, kind, node, arguments, _Visited(self._checker, arguments))
        except _Mismatch as mismatch:
            raise self._checker.fault(mismatch.node, str(mismatch)) from None

    def _arguments(
        self, name: str, kind: GoType, node: ast.Node, arguments: list[ast.Node], visited: _Visited
    ) -> Nature:
        wrong = _wrong_count(kind, len(arguments))
        if wrong:
            for index in range(len(arguments)):
                visited.nature(index)
            raise _Mismatch(node, f"{wrong} arguments to call {name}")
        for index, argument in enumerate(arguments):
            nature, wanted = visited.nature(index), of_type(_parameter(kind, index))
            if wanted.is_float and nature.is_integer:
                arguments[index] = _as_float(argument)
            elif nature.is_nil:
                if wanted.kind not in ("ptr", "interface"):
                    raise _Mismatch(argument, f"cannot use nil as argument (type {wanted}) to call {name}")
            elif not nature.assignable_to(wanted) and not nature.is_unknown and not _same_integer(nature, wanted):
                raise _Mismatch(argument, f"cannot use {nature} as argument (type {wanted}) to call {name} ")
        return of_type(kind.results[0])

    # --- functions with predicates, and `get` ---------------------------------------------------------

    def builtin(self, node: ast.Builtin) -> Nature:
        """A call by name of a function of the language."""
        rule = _PREDICATE_RULES.get(node.name)
        if rule is not None:
            return rule(self, node)
        if node.name == "get":
            return self._get(node)
        return self.function(builtin(node.name), node, node.arguments)

    def collection(self, node: ast.Builtin) -> Nature:
        nature = self._checker.visit(node.arguments[0]).deref()
        if not nature.is_array and not nature.is_unknown:
            raise self._checker.fault(node.arguments[0], f"builtin {node.name} takes only array (got {nature})")
        return nature

    def predicate(self, node: ast.Builtin, collection: Nature, names: Sequence[str] = ()) -> Nature:
        """The nature of the predicate's result."""
        variables = {name: INT_NATURE if name == "index" else UNKNOWN for name in names}
        body = self._checker.inside(collection, variables, node.arguments[1])
        if body.type is None or not body.type.results:
            count = "two" if node.name == "reduce" else "one"
            if node.name != "sum":
                raise self._checker.fault(node.arguments[1], f"predicate should has {count} input and one output param")
        return UNKNOWN if body.element is None else body.element

    def condition(self, node: ast.Builtin, collection: Nature) -> None:
        """A predicate that must give a bool."""
        result = self.predicate(node, collection)
        if not result.is_bool and not result.is_unknown:
            raise self._checker.fault(node.arguments[1], f"predicate should return boolean (got {result})")

    def test(self, node: ast.Builtin) -> Nature:
        self.condition(node, self.collection(node))
        return of_type(BOOL)

    def filter(self, node: ast.Builtin) -> Nature:
        collection = self.collection(node)
        self.condition(node, collection)
        return of_type(ANYS) if collection.is_unknown else collection.element_nature().in_array()

    def map(self, node: ast.Builtin) -> Nature:
        return self.predicate(node, self.collection(node), ("index",)).in_array()

    def count(self, node: ast.Builtin) -> Nature:
        collection = self.collection(node)
        if len(node.arguments) > 1:
            self.condition(node, collection)
        return of_type(INT)

    def sum(self, node: ast.Builtin) -> Nature:
        collection = self.collection(node)
        if len(node.arguments) > 1:
            result = self.predicate(node, collection)
            if result.is_nil:
                wanted = "func(interface {}) bool"
                message = f"cannot use func(interface {{}}) as argument (type {wanted}) to call sum "
                raise self._checker.fault(node.arguments[1], message)
            return of_type(ANY if result.is_unknown else result.type)
        return UNKNOWN if collection.is_unknown else collection.element_nature()

    def find(self, node: ast.Builtin) -> Nature:
        collection = self.collection(node)
        self.condition(node, collection)
        return UNKNOWN if collection.is_unknown else collection.element_nature()

    def find_index(self, node: ast.Builtin) -> Nature:
        self.condition(node, self.collection(node))
        return of_type(INT)

    def group_by(self, node: ast.Builtin) -> Nature:
        self.predicate(node, self.collection(node))
        return of_type(GROUPS)

    def sort_by(self, node: ast.Builtin) -> Nature:
        collection = self.collection(node)
        body = self._checker.inside(collection, {}, node.arguments[1])
        if len(node.arguments) == 3:
            order = self._checker.visit(node.arguments[2])
            if not order.is_string and not order.is_unknown:
                raise self._checker.fault(node.arguments[2], f"sortBy order argument must be a string (got {order})")
        if body.type is None or not body.type.results:
            raise self._checker.fault(node.arguments[1], "predicate should has one input and one output param")
        return collection

    def reduce(self, node: ast.Builtin) -> Nature:
        collection = self.collection(node)
        names = {"index": INT_NATURE, "acc": UNKNOWN}
        body = self._checker.inside(collection, names, node.arguments[1])
        if len(node.arguments) == 3:
            self._checker.visit(node.arguments[2])
        if body.type is None or not body.type.results:
            raise self._checker.fault(node.arguments[1], "predicate should has two input and one output param")
        return UNKNOWN if body.element is None else body.element

    def _get(self, node: ast.Builtin) -> Nature:
        arguments = node.arguments
        if len(arguments) != 2:
            raise self._checker.fault(node, f"invalid number of arguments (expected 2, got {len(arguments)})")
        base = self._checker.visit(arguments[0])
        selector = self._checker.visit(arguments[1]).deref()
        if isinstance(arguments[0], ast.Identifier) and arguments[0].name == "$env":
            name = arguments[1].value if isinstance(arguments[1], ast.String) else None
            return of_value(self._env[name]) if name is not None and name in self._env else UNKNOWN
        if base.is_unknown:
            return UNKNOWN
        if base.is_array:
            if not selector.is_integer and not selector.is_unknown:
                raise self._checker.fault(arguments[1], f"non-integer slice index {selector}")
            return base.element_nature()
        if base.is_map:
            if not selector.assignable_to(base.key_nature()) and not selector.is_unknown:
                raise self._checker.fault(arguments[1], f"cannot use {selector} to get an element from {base}")
            return base.element_nature()
        raise self._checker.fault(arguments[0], f"type {base} does not support indexing")


class _Visited:
    """The natures of arguments, each visited once and in the order in which they are first asked for."""

    def __init__(self, checker: Checker, arguments: list[ast.Node]) -> None:
        self._checker = checker
        self._arguments = arguments
        self._natures: dict[int, Nature] = {}

    def nature(self, index: int) -> Nature:
        if index not in self._natures:
            self._natures[index] = self._checker.visit(self._arguments[index])
        return self._natures[index]


def _wrong_count(kind: GoType, given: int) -> str:
    """`not enough` or `too many`; "" when the number of arguments fits."""
    wanted = len(kind.params)
    if given < wanted - kind.variadic:
        return "not enough"
    return "too many" if given > wanted and not kind.variadic else ""


def _parameter(kind: GoType, index: int) -> GoType | None:
    if kind.variadic and index >= len(kind.params) - 1:
        return kind.params[-1].elem
    return kind.params[index]


def _same_integer(nature: Nature, wanted: Nature) -> bool:
    return nature.is_integer and wanted.is_integer


def _as_float(node: ast.Node) -> ast.Node:
    """An integer argument for a float parameter: integer literals in it become floats."""
    if isinstance(node, ast.Integer):
        return ast.Float(float(node.value), nature=FLOAT_NATURE)
    if isinstance(node, ast.Unary):
        node.node = _as_float(node.node)
    elif isinstance(node, ast.Binary) and node.operator in ("+", "-", "*"):
        node.left, node.right = _as_float(node.left), _as_float(node.right)
    return node


_PREDICATE_RULES: Final[dict[str, Callable[[CallChecker, Any], Nature]]] = {
    **dict.fromkeys(("all", "none", "any", "one"), CallChecker.test),
    "filter": CallChecker.filter,
    "map": CallChecker.map,
    "count": CallChecker.count,
    "sum": CallChecker.sum,
    **dict.fromkeys(("find", "findLast"), CallChecker.find),
    **dict.fromkeys(("findIndex", "findLastIndex"), CallChecker.find_index),
    "groupBy": CallChecker.group_by,
    "sortBy": CallChecker.sort_by,
    "reduce": CallChecker.reduce,
}
