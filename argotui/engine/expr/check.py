"""The checker: gives every node its nature, and refuses what cannot work with upstream's text and place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from argotui.engine.expr import ast
from argotui.engine.expr.builtins.names import NAMES
from argotui.engine.expr.builtins.table import builtin
from argotui.engine.expr.checkbinary import binary_nature
from argotui.engine.expr.checkcalls import CallChecker
from argotui.engine.expr.errors import ExprError, Fault, Source
from argotui.engine.expr.gotypes import ANYS, BOOL, BYTES, FLOAT64, INT, MAP, STRING, GoType, parse_type
from argotui.engine.expr.nature import NIL, UNKNOWN, Nature, of_type, of_value
from argotui.engine.expr.regex.pattern import compile_pattern

Environment = Mapping[str, Any]


class Checker:
    """Visits a tree once. Raises ExprError for the first fault, as upstream reports it."""

    def __init__(self, source: Source, env: Environment) -> None:
        self._source = source
        self._env = env
        self._variables: list[tuple[str, Nature]] = []
        self._scopes: list[tuple[Nature, dict[str, Nature]]] = []

    def visit(self, node: ast.Node) -> Nature:
        """The nature of a node, which is also noted in it."""
        if isinstance(node, ast.Binary):
            return self._binary_chain(node)
        nature = _VISITORS[type(node)](self, node)
        node.nature = nature
        return nature

    def fault(self, node: ast.Node, message: str) -> ExprError:
        """The error at a node."""
        return self._source.error(message, node.offset)

    # --- literals and names -------------------------------------------------------------------------

    def constant(self, node: ast.Constant) -> Nature:
        return of_value(node.value)

    def identifier(self, node: ast.Identifier) -> Nature:
        for name, nature in reversed(self._variables):
            if name == node.name:
                return nature
        if node.name == "$env":
            return UNKNOWN
        if node.name in self._env:
            return of_value(self._env[node.name])
        if node.name in NAMES:
            function = builtin(node.name)
            return Nature(function.type, builtin=function)
        raise self.fault(node, f"unknown name {node.name}")

    def unary(self, node: ast.Unary) -> Nature:
        nature = self.visit(node.node).deref()
        if node.operator in ("!", "not"):
            if nature.is_bool or nature.is_unknown:
                return of_type(BOOL)
        elif nature.is_number or nature.is_unknown:
            return UNKNOWN if nature.is_unknown else nature
        raise self.fault(node, f"invalid operation: {node.operator} (mismatched type {nature})")

    def _binary_chain(self, node: ast.Binary) -> Nature:
        """Chains lean to the left: walk down, then check upwards."""
        chain: list[ast.Binary] = []
        left: ast.Node = node
        while isinstance(left, ast.Binary):
            chain.append(left)
            left = left.left
        nature = self.visit(left)
        for binary in reversed(chain):
            nature = self._binary(binary, nature.deref())
            binary.nature = nature
        return nature

    def _binary(self, node: ast.Binary, left: Nature) -> Nature:
        right = self.visit(node.right).deref()
        if node.operator == "matches" and isinstance(node.right, ast.String):
            try:
                compile_pattern(node.right.value)
            except Fault as fault:
                raise self.fault(node, str(fault)) from None
        try:
            return binary_nature(node.operator, left, right)
        except Fault as fault:
            raise self.fault(node, str(fault)) from None

    # --- members ------------------------------------------------------------------------------------

    def chain(self, node: ast.Chain) -> Nature:
        return self.visit(node.node)

    def member(self, node: ast.Member) -> Nature:
        name = node.property.value if isinstance(node.property, ast.String) else None
        if isinstance(node.node, ast.Identifier) and node.node.name == "$env":
            if name is None:
                return UNKNOWN
            return self._env_member(node, name)
        base = self.visit(node.node)
        selector = self.visit(node.property)
        if base.is_unknown:
            return UNKNOWN
        if name is not None:
            if base.is_nil:
                raise self.fault(node, f"type nil has no field {name}")
            method = base.type.methods.get(name) if base.type is not None else None
            if method is not None:
                return Nature(method, method=True)
        return self._element(node, base.deref(), selector, name)

    def _env_member(self, node: ast.Member, name: str) -> Nature:
        if name in self._env:
            return of_value(self._env[name])
        if node.optional:
            return UNKNOWN
        raise self.fault(node, f"unknown name {name}")

    def _element(self, node: ast.Member, base: Nature, selector: Nature, name: str | None) -> Nature:
        if base.is_map:
            key = base.key_nature()
            fits = selector.assignable_to(key) or selector.deref().assignable_to(key) or selector.is_unknown
            if not fits:
                raise self.fault(node.property, f"cannot use {selector} to get an element from {base}")
            return base.element_nature()
        if base.is_array:
            selector = selector.deref()
            if not selector.is_integer and not selector.is_unknown:
                raise self.fault(
                    node.property, f"array elements can only be selected using an integer (got {selector})"
                )
            return base.element_nature()
        if name is not None:
            raise self.fault(node, f"type {base} has no {'method' if node.method else 'field'} {name}")
        raise self.fault(node, f"type {base}[{selector}] is undefined")

    def slice_of(self, node: ast.SliceOf) -> Nature:
        nature = self.visit(node.node)
        if nature.is_unknown:
            return UNKNOWN
        if nature.kind not in ("string", "array", "slice"):
            raise self.fault(node, f"cannot slice {nature}")
        for bound in (node.start, node.end):
            if bound is None:
                continue
            found = self.visit(bound).deref()
            if not found.is_integer and not found.is_unknown:
                raise self.fault(bound, f"non-integer slice index {found}")
        return nature

    # --- calls --------------------------------------------------------------------------------------

    def call(self, node: ast.Call) -> Nature:
        if not node.nature.is_unknown:
            return node.nature
        callee = node.callee
        if isinstance(callee, ast.Identifier) and callee.name == "$env":
            raise self.fault(node, "map[string]interface {} is not callable")
        nature = self.visit(callee)
        if nature.is_unknown:
            return UNKNOWN
        if nature.builtin is not None:
            return CallChecker(self, self._env).function(nature.builtin, node, node.arguments)
        if nature.is_nil:
            raise self.fault(node, f"{_callee_name(callee)} is nil; cannot call nil as function")
        if nature.type is None or nature.kind != "func":
            raise self.fault(node, f"{nature} is not callable")
        return CallChecker(self, self._env).typed(_callee_name(callee), nature.type, node, node.arguments)

    def builtin(self, node: ast.Builtin) -> Nature:
        return CallChecker(self, self._env).builtin(node)

    def predicate(self, node: ast.Predicate) -> Nature:
        body = self.visit(node.node)
        result = "" if body.is_nil else " interface {}" if body.type is None else f" {body.type.name}"
        return Nature(_predicate_type(result, body), element=body)

    def inside(self, collection: Nature, variables: dict[str, Nature], node: ast.Node) -> Nature:
        """Visit a predicate: `#` is an element of the collection there."""
        self._scopes.append((collection, variables))
        nature = self.visit(node)
        self._scopes.pop()
        return nature

    def pointer(self, node: ast.Pointer) -> Nature:
        if not self._scopes:
            raise self.fault(node, "cannot use pointer accessor outside predicate")
        collection, variables = self._scopes[-1]
        if node.name == "":
            return UNKNOWN if collection.is_unknown else collection.element_nature()
        if node.name not in variables:
            raise self.fault(node, f"unknown pointer #{node.name}")
        return variables[node.name]

    # --- statements and literals --------------------------------------------------------------------

    def let(self, node: ast.Let) -> Nature:
        if node.name in self._env:
            raise self.fault(node, f"cannot redeclare {node.name}")
        if node.name in NAMES:
            raise self.fault(node, f"cannot redeclare builtin {node.name}")
        if any(name == node.name for name, _ in self._variables):
            raise self.fault(node, f"cannot redeclare variable {node.name}")
        self._variables.append((node.name, self.visit(node.value)))
        nature = self.visit(node.body)
        self._variables.pop()
        return nature

    def sequence(self, node: ast.Sequence) -> Nature:
        return [self.visit(part) for part in node.nodes][-1]

    def conditional(self, node: ast.Conditional) -> Nature:
        condition = self.visit(node.condition).deref()
        if not condition.is_bool and not condition.is_unknown:
            raise self.fault(node.condition, f"non-bool expression (type {condition}) used as condition")
        then = self.visit(node.then)
        otherwise = self.visit(node.otherwise)
        if then.is_nil or otherwise.is_nil:
            return otherwise if then.is_nil else then
        if not then.assignable_to(otherwise):
            return UNKNOWN
        if then.is_array and otherwise.is_array:
            one, other = then.element_nature(), otherwise.element_nature()
            if not (one.assignable_to(other) and other.assignable_to(one)):
                return of_type(ANYS)
        return then

    def array(self, node: ast.Array) -> Nature:
        natures = [self.visit(item) for item in node.nodes]
        if len({nature.kind for nature in natures}) > 1:
            return of_type(ANYS)
        return (natures[-1] if natures else UNKNOWN).in_array()

    def map(self, node: ast.Map) -> Nature:
        for pair in node.pairs:
            self.visit(pair)
        return of_type(MAP)

    def pair(self, node: ast.Pair) -> Nature:
        self.visit(node.key)
        self.visit(node.value)
        return NIL


def _predicate_type(result: str, body: Nature) -> GoType:
    if body.type is not None and body.type.kind == "func":
        made = parse_type("func(interface {}) interface {}")
        return GoType("func", made.name, params=made.params, results=(body.type,))
    return parse_type(f"func(interface {{}}){result}")


def _callee_name(callee: ast.Node) -> str:
    if isinstance(callee, ast.Identifier):
        return callee.name
    if isinstance(callee, ast.Member) and isinstance(callee.property, ast.String):
        return callee.property.value
    return "function"


def _known(kind: GoType) -> Callable[[Checker, Any], Nature]:
    nature = of_type(kind)
    return lambda _checker, _node: nature


_VISITORS: Final[dict[type, Callable[[Checker, Any], Nature]]] = {
    ast.Nil: lambda _checker, _node: NIL,
    ast.Integer: _known(INT),
    ast.Float: _known(FLOAT64),
    ast.Bool: _known(BOOL),
    ast.String: _known(STRING),
    ast.Bytes: _known(BYTES),
    ast.Constant: Checker.constant,
    ast.Identifier: Checker.identifier,
    ast.Unary: Checker.unary,
    ast.Chain: Checker.chain,
    ast.Member: Checker.member,
    ast.SliceOf: Checker.slice_of,
    ast.Call: Checker.call,
    ast.Builtin: Checker.builtin,
    ast.Predicate: Checker.predicate,
    ast.Pointer: Checker.pointer,
    ast.Let: Checker.let,
    ast.Sequence: Checker.sequence,
    ast.Conditional: Checker.conditional,
    ast.Array: Checker.array,
    ast.Map: Checker.map,
    ast.Pair: Checker.pair,
}
