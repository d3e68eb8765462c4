"""The mutants of a module: copies of its syntax tree, each with one small fault that somebody could have written.

Prose is left alone: docstrings, annotations, texts built from parts and texts of three words or more decide nothing.
A statement that only gives a local variable its value is not dropped, because every test notices a missing name.
"""

import ast
import builtins
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
PAIRS = ("min max", "any all", "startswith endswith", "partition rpartition", "find rfind", "lstrip rstrip")
NEIGHBOURS = {one: other for pair in PAIRS for one, other in (pair.split(), pair.split()[::-1])}
"""Functions that are easily confused."""
PROSE = re.compile(r"\w+[,.:;]? \w+[,.:;]? \w+")
NOT_LOOKED_INTO = {"annotation", "returns", "decorator_list", "bases"}
DROPPED = (ast.Raise, ast.Delete, ast.AugAssign, ast.Break, ast.Continue)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Place:
    """Where a node stands: its scope, its statement without the body, and whether it runs when it is imported."""

    scope: str
    lines: range
    at_import: bool


@dataclass(frozen=True)
class Mutant:
    """One fault. Its name says where it is without the number of a line, and so outlives edits around it."""

    name: str
    place: Place
    source: str
    node: int
    fault: int

    def tree(self) -> ast.Module:
        """The syntax tree with the fault in it."""
        tree = ast.parse(self.source)
        for number, (node, place, parent, field, index) in enumerate(_walk(tree, MODULE)):
            if number == self.node:
                changed = [*_faults(node, place)][self.fault] or ast.Pass()
                ast.copy_location(changed, node)
                if index is None:
                    setattr(parent, field, changed)
                else:
                    getattr(parent, field)[index] = changed
                break
        return ast.fix_missing_locations(tree)


MODULE = Place("", range(0), at_import=True)
Step = tuple[ast.AST, Place, ast.AST, str, int | None]
"""A node, its place, and the field of its parent that holds it."""


def mutants_of(source: str) -> list[Mutant]:
    """All mutants of a module, in the order of its text."""
    found: list[Mutant] = []
    seen: dict[str, int] = {}
    for number, (node, place, *_) in enumerate(_walk(ast.parse(source), MODULE)):
        for choice, changed in enumerate(_faults(node, place)):
            name = f"{place.scope or 'module'}: {_short(node)} -> {_short(changed)}"
            seen[name] = seen.get(name, 0) + 1
            named = f"{name} #{seen[name]}" if seen[name] > 1 else name
            found.append(Mutant(named, place, source, number, choice))
    return found


def sample(mutants: list[Mutant], most: int) -> list[Mutant]:
    """At most this many mutants, chosen by the digests of their names: an edit elsewhere chooses no others."""
    by_digest = sorted(mutants, key=lambda mutant: hashlib.sha256(mutant.name.encode()).digest())
    chosen = {mutant.name for mutant in by_digest[:most]}
    return [mutant for mutant in mutants if mutant.name in chosen]


def _short(node: ast.AST | None) -> str:
    if isinstance(node, ast.If | ast.While):
        return f"{type(node).__name__.lower()} {_short(node.test)}"
    text = "nothing" if node is None else " ".join(ast.unparse(node).split())
    return text if len(text) <= 100 else f"{text[:60]}...{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _walk(node: ast.AST, place: Place) -> Iterator[Step]:
    for field, value in ast.iter_fields(node):
        if field in NOT_LOOKED_INTO:
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or _is_prose(node, child):
                continue
            below = place
            if isinstance(child, ast.stmt):
                below = replace(below, lines=_header(child))
            if isinstance(node, (*FUNCTIONS, ast.Lambda)) and field == "body":
                below = replace(below, at_import=False)
            yield child, below, node, field, index
            if isinstance(child, (*FUNCTIONS, ast.ClassDef)):
                below = replace(below, scope=f"{place.scope}.{child.name}".lstrip("."))
            yield from _walk(child, below)


def _header(statement: ast.stmt) -> range:
    """The lines of a statement without those of its body."""
    last = statement.end_lineno or statement.lineno
    inside = [node.lineno for node in getattr(statement, "body", []) if isinstance(node, ast.stmt)]
    inside += [case.pattern.lineno for case in getattr(statement, "cases", [])]
    return range(statement.lineno, max(statement.lineno, min([last, *(line - 1 for line in inside)])) + 1)


def _is_prose(parent: ast.AST, node: ast.AST) -> bool:
    """Whether a node decides nothing: imports, docstrings, texts, types, and what only type checkers read."""
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.unparse(node.test)
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]) in {"__all__", "__slots__"} or "TypeVar" in ast.unparse(node.value)
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        around = [ast.unparse(one) for one in [*node.decorator_list, *getattr(node, "bases", [])]]
        return any("overload" in one or "Protocol" in one for one in around)
    if isinstance(parent, ast.Call) and ast.unparse(parent.func) == "cast":
        return node is parent.args[0]
    is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    is_annotation = isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Annotated"
    return is_docstring or is_annotation or isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr)


def _faults(node: ast.AST, place: Place) -> Iterator[ast.AST | None]:
    """What could stand wrongly in the place of a node; None is nothing at all."""
    for kind, faults in FAULTS:
        if isinstance(node, kind):
            yield from faults(node)
    if isinstance(node, ast.Set | ast.List | ast.Tuple | ast.Dict) and _is_table(node):
        yield from _tables(node, place)


def _comparisons(node: ast.Compare) -> Iterator[ast.AST]:
    for index, operator in enumerate(node.ops):
        other = COMPARISONS[type(operator)]()
        yield ast.Compare(node.left, [*node.ops[:index], other, *node.ops[index + 1 :]], node.comparators)


def _conditions(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    for index in range(len(node.values)):
        kept = [*node.values[:index], *node.values[index + 1 :]]
        yield ast.BoolOp(node.op, kept) if len(kept) > 1 else kept[0]


def _signs(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not):
        yield node.operand


def _choices(node: ast.IfExp) -> Iterator[ast.AST]:
    yield ast.IfExp(node.test, node.orelse, node.body)


def _filters(node: ast.comprehension) -> Iterator[ast.AST]:
    for index in range(len(node.ifs)):
        yield ast.comprehension(node.target, node.iter, [*node.ifs[:index], *node.ifs[index + 1 :]], node.is_async)


def _statements(node: ast.stmt) -> Iterator[ast.AST | None]:
    if isinstance(node, ast.Expr):
        if not isinstance(node.value, ast.Yield | ast.YieldFrom):
            yield None
    elif isinstance(node, ast.Assign):
        if not any(isinstance(name, ast.Name) for target in node.targets for name in _targets(target)):
            yield None
    elif isinstance(node, DROPPED):
        yield None
    elif isinstance(node, ast.Return):
        if node.value is None:
            yield None
        elif not isinstance(node.value, ast.Constant | ast.Compare | ast.BoolOp):
            yield ast.Return(ast.Constant(None))
    elif isinstance(node, ast.If | ast.While) and not isinstance(node.test, ast.Compare | ast.UnaryOp | ast.Constant):
        negated = ast.UnaryOp(ast.Not(), node.test)
        yield type(node)(negated, node.body, node.orelse)


def _targets(node: ast.AST) -> list[ast.AST]:
    return [*node.elts] if isinstance(node, ast.Tuple) else [node]


def _constants(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)
    elif isinstance(value, str | bytes) and not (isinstance(value, str) and PROSE.search(value)):
        other = "another text" if isinstance(value, str) else b"another text"
        yield ast.Constant(value[:0] if value else other)


def _arithmetic(node: ast.BinOp) -> Iterator[ast.AST]:
    if any(_is_text(side) or _is_type(side) for side in (node.left, node.right)):
        return
    if (other := ARITHMETIC.get(type(node.op))) is not None:
        yield ast.BinOp(node.left, other(), node.right)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def _is_type(node: ast.AST) -> bool:
    """Whether a node is the name of a type, or several of them, as in `isinstance(value, list | tuple)`."""
    if isinstance(node, ast.BinOp):
        return _is_type(node.left)
    name = ast.unparse(node).rpartition(".")[2]
    written = isinstance(node, ast.Name | ast.Attribute | ast.Subscript)
    return written and (isinstance(getattr(builtins, name, None), type) or (name[0].isupper() and not name.isupper()))


def _calls(node: ast.Call) -> Iterator[ast.AST]:
    if len(node.args) > 1 and not any(isinstance(argument, ast.Starred) for argument in node.args[:2]):
        first, second, *others = node.args
        obvious = {"isinstance", "issubclass", "cast", "getattr", "re.compile", "re.sub", "min", "max"}
        if ast.unparse(node.func) not in obvious and not any(isinstance(one, ast.JoinedStr) for one in node.args[:2]):
            yield ast.Call(node.func, [second, first, *others], node.keywords)
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
    if (other := NEIGHBOURS.get(name)) is not None:
        if isinstance(node.func, ast.Attribute):
            yield ast.Call(ast.Attribute(node.func.value, other, ast.Load()), node.args, node.keywords)
        else:
            yield ast.Call(ast.Name(other, ast.Load()), node.args, node.keywords)


def _slices(node: ast.Slice) -> Iterator[ast.AST]:
    """A bound that is off by one; constants have faults of their own."""
    for field in ("lower", "upper"):
        bound = getattr(node, field)
        if bound is not None and not any(isinstance(part, ast.Constant) for part in ast.walk(bound)):
            moved = ast.BinOp(bound, ast.Add(), ast.Constant(1))
            yield ast.Slice(**{"lower": node.lower, "upper": node.upper, "step": node.step, field: moved})


def _is_table(node: ast.Set | ast.List | ast.Tuple | ast.Dict) -> bool:
    """Whether a display holds what was written down, and nothing that was computed."""
    members = [*node.values] if isinstance(node, ast.Dict) else [*node.elts]
    written = (ast.Constant, ast.Attribute, ast.Tuple, ast.Set, ast.Call)
    return bool(members) and all(isinstance(member, written) for member in members)


def _tables(node: ast.Set | ast.List | ast.Tuple | ast.Dict, place: Place) -> Iterator[ast.AST]:
    """A table without one of its members, and with the values of two neighbours exchanged."""
    if isinstance(node, ast.Dict):
        for index in range(len(node.keys)):
            yield ast.Dict(
                [*node.keys[:index], *node.keys[index + 1 :]], [*node.values[:index], *node.values[index + 1 :]]
            )
        for index, (one, other) in enumerate(pairwise(node.values)):
            if place.at_import and ast.dump(one) != ast.dump(other):
                yield ast.Dict(node.keys, [*node.values[:index], other, one, *node.values[index + 2 :]])
    elif isinstance(node, ast.Set) or (place.at_import and isinstance(getattr(node, "ctx", None), ast.Load)):
        if isinstance(node, ast.Set) and len(node.elts) == 1:
            return
        for index in range(len(node.elts)):
            kept = [*node.elts[:index], *node.elts[index + 1 :]]
            yield ast.Set(kept) if isinstance(node, ast.Set) else type(node)(kept, ast.Load())


FAULTS: tuple[tuple[type[ast.AST], Callable[..., Iterator[ast.AST | None]]], ...] = (
    (ast.stmt, _statements),
    (ast.Constant, _constants),
    (ast.Compare, _comparisons),
    (ast.BoolOp, _conditions),
    (ast.UnaryOp, _signs),
    (ast.BinOp, _arithmetic),
    (ast.IfExp, _choices),
    (ast.comprehension, _filters),
    (ast.Call, _calls),
    (ast.Slice, _slices),
)
"""The faults of each kind of node."""
