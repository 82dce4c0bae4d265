"""Compiles the checked tree to closures: one per node, each taking the frame and giving the value.

A closure that can fail knows its place in the text and turns a Fault into an ExprError. Chains of operators
lean to the left and run in a loop, so a long chain needs no deep stack.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from argotui.engine.expr import ast
from argotui.engine.expr.access import cut, fetch
from argotui.engine.expr.builtins.table import builtin
from argotui.engine.expr.calling import call_reflected, call_typed, is_typed
from argotui.engine.expr.errors import ExprError, Fault, Source
from argotui.engine.expr.frame import ChainBreak, Evaluate, Frame
from argotui.engine.expr.grammar import PREDICATE_FUNCTIONS
from argotui.engine.expr.loops import compile_loop
from argotui.engine.expr.methods import method
from argotui.engine.expr.operators import as_bool, as_text, negate
from argotui.engine.expr.steps import compile_step
from argotui.engine.expr.values import is_nil, type_name

Fail = Callable[[Fault], ExprError]


class Compiler:
    """Compiles one expression. variables: how many `let` needs, known afterwards."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._names: list[tuple[str, int]] = []
        self.variables = 0

    def compile(self, node: ast.Node) -> Evaluate:
        """The closure of a node."""
        return _COMPILERS[type(node)](self, node)

    def fail(self, node: ast.Base) -> Fail:
        """Turns a Fault into the error at a node."""
        source, offset = self._source, node.offset
        return lambda fault: source.error(str(fault), offset)

    def constant(self, node: ast.Constant | ast.Integer | ast.Float | ast.Bool | ast.String | ast.Bytes) -> Evaluate:
        value = node.value
        return lambda _frame: value

    def nil(self, _node: ast.Nil) -> Evaluate:
        return lambda _frame: None

    def identifier(self, node: ast.Identifier) -> Evaluate:
        name = node.name
        for known, number in reversed(self._names):
            if known == name:
                return lambda frame: frame.variables[number]
        if name == "$env":
            return lambda frame: frame.env
        return lambda frame: frame.env.get(name)

    def unary(self, node: ast.Unary) -> Evaluate:
        inner = self.compile(node.node)
        if node.operator == "+":
            return inner
        operation: Callable[[Any], Any] = negate if node.operator == "-" else _inverted
        return _guarded(inner, operation, self.fail(node))

    def binary(self, node: ast.Binary) -> Evaluate:
        chain: list[ast.Binary] = []
        left: ast.Node = node
        while isinstance(left, ast.Binary):
            chain.append(left)
            left = left.left
        first = self.compile(left)
        steps = [compile_step(binary, self.compile, self.fail(binary)) for binary in reversed(chain)]
        if len(steps) == 1:
            step = steps[0]
            return lambda frame: step(frame, first(frame))

        def run(frame: Frame) -> Any:
            value = first(frame)
            for step in steps:
                value = step(frame, value)
            return value

        return run

    def chain(self, node: ast.Chain) -> Evaluate:
        inner = self.compile(node.node)

        def run(frame: Frame) -> Any:
            try:
                value = inner(frame)
            except ChainBreak:
                return None
            return None if is_nil(value) else value

        return run

    def member(self, node: ast.Member) -> Evaluate:
        base = self.compile(node.node)
        fail = self.fail(node)
        select: Callable[[Any, Any], Any] = fetch
        if isinstance(node.property, ast.String) and node.property.value in node.node.type.methods:
            select = _bound_method
        key = self.compile(node.property)
        optional = node.optional

        def run(frame: Frame) -> Any:
            value = base(frame)
            if optional and is_nil(value):
                raise ChainBreak
            wanted = key(frame)
            try:
                return select(value, wanted)
            except Fault as fault:
                raise fail(fault) from None

        return run

    def slice_of(self, node: ast.SliceOf) -> Evaluate:
        value = self.compile(node.node)
        start = None if node.start is None else self.compile(node.start)
        end = None if node.end is None else self.compile(node.end)
        fail = self.fail(node)

        def run(frame: Frame) -> Any:
            whole = value(frame)
            # upstream evaluates the end first
            last = None if end is None else (end(frame),)
            first = None if start is None else (start(frame),)
            try:
                return cut(whole, first, last)
            except Fault as fault:
                raise fail(fault) from None

        return run

    def call(self, node: ast.Call) -> Evaluate:
        arguments = [self.compile(argument) for argument in node.arguments]
        callee = self.compile(node.callee)
        kind, fail = node.callee.type, self.fail(node)
        typed = kind.kind == "func" and is_typed(kind)

        def run(frame: Frame) -> Any:
            values = [argument(frame) for argument in arguments]
            function = callee(frame)
            try:
                if typed:
                    return call_typed(function, kind, values, frame.context)
                return call_reflected(function, values, frame.context)
            except Fault as fault:
                raise fail(fault) from None

        return run

    def builtin(self, node: ast.Builtin) -> Evaluate:
        if node.name in PREDICATE_FUNCTIONS:
            return compile_loop(node, self.compile, self.fail(node))
        found = builtin(node.name)
        wrong, function = found.wrong_count(len(node.arguments)), found.run
        if wrong or function is None:
            function = _failing(wrong)
        arguments = [self.compile(argument) for argument in node.arguments]
        fail = self.fail(node)

        def run(frame: Frame) -> Any:
            values = [argument(frame) for argument in arguments]
            frame.meter.spend()
            try:
                return function(frame.context, *values)
            except Fault as fault:
                raise fail(fault) from None

        return run

    def predicate(self, node: ast.Predicate) -> Evaluate:
        return self.compile(node.node)

    def pointer(self, node: ast.Pointer) -> Evaluate:
        if node.name == "index":
            return lambda frame: frame.scope.index
        if node.name == "acc":
            return lambda frame: frame.scope.acc
        if node.name:
            raise ExprError(f"unknown pointer {node.name}")
        fail = self.fail(node)

        def run(frame: Frame) -> Any:
            try:
                return frame.scope.item()
            except Fault as fault:
                raise fail(fault) from None

        return run

    def let(self, node: ast.Let) -> Evaluate:
        value = self.compile(node.value)
        number = self.variables
        self.variables += 1
        self._names.append((node.name, number))
        body = self.compile(node.body)
        self._names.pop()

        def run(frame: Frame) -> Any:
            frame.variables[number] = value(frame)
            return body(frame)

        return run

    def sequence(self, node: ast.Sequence) -> Evaluate:
        parts = [self.compile(part) for part in node.nodes]

        def run(frame: Frame) -> Any:
            value = None
            for part in parts:
                value = part(frame)
            return value

        return run

    def conditional(self, node: ast.Conditional) -> Evaluate:
        condition = _guarded(self.compile(node.condition), as_bool, self.fail(node))
        then, otherwise = self.compile(node.then), self.compile(node.otherwise)
        return lambda frame: then(frame) if condition(frame) else otherwise(frame)

    def array(self, node: ast.Array) -> Evaluate:
        items = [self.compile(item) for item in node.nodes]
        fail = self.fail(node)

        def run(frame: Frame) -> Any:
            values = [item(frame) for item in items]
            try:
                frame.meter.grow(len(values))
            except Fault as fault:
                raise fail(fault) from None
            return values

        return run

    def map(self, node: ast.Map) -> Evaluate:
        pairs = [
            (self.compile(pair.key), self.compile(pair.value)) for pair in node.pairs if isinstance(pair, ast.Pair)
        ]
        fail = self.fail(node)

        def run(frame: Frame) -> Any:
            entries = [(key(frame), value(frame)) for key, value in pairs]
            try:
                frame.meter.grow(len(entries))
                # of two equal keys the first one counts
                return {as_text(key): value for key, value in reversed(entries)}
            except Fault as fault:
                raise fail(fault) from None

        return run


def _guarded(inner: Evaluate, operation: Callable[[Any], Any], fail: Fail) -> Evaluate:
    def run(frame: Frame) -> Any:
        value = inner(frame)
        try:
            return operation(value)
        except Fault as fault:
            raise fail(fault) from None

    return run


def _failing(message: str) -> Callable[..., Any]:
    def run(*_arguments: Any) -> Any:
        raise Fault(message)

    return run


def _inverted(value: Any) -> bool:
    return not as_bool(value)


def _bound_method(value: Any, name: Any) -> Any:
    found = method(value, name)
    if found is None:
        raise Fault(f"cannot fetch {name} from {type_name(value)}")
    return found


_COMPILERS: Final[dict[type, Callable[[Compiler, Any], Evaluate]]] = {
    **dict.fromkeys((ast.Constant, ast.Integer, ast.Float, ast.Bool, ast.String, ast.Bytes), Compiler.constant),
    ast.Nil: Compiler.nil,
    ast.Identifier: Compiler.identifier,
    ast.Unary: Compiler.unary,
    ast.Binary: Compiler.binary,
    ast.Chain: Compiler.chain,
    ast.Member: Compiler.member,
    ast.SliceOf: Compiler.slice_of,
    ast.Call: Compiler.call,
    ast.Builtin: Compiler.builtin,
    ast.Predicate: Compiler.predicate,
    ast.Pointer: Compiler.pointer,
    ast.Let: Compiler.let,
    ast.Sequence: Compiler.sequence,
    ast.Conditional: Compiler.conditional,
    ast.Array: Compiler.array,
    ast.Map: Compiler.map,
}
