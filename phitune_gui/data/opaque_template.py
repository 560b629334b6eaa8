"""Finds out by its syntax alone whether a chat template only copies what messages say, so that nothing it writes depends on their contents.

Such a template writes the same around every conversation with the same roles, and needs to be run once for them. What is not
understood here counts as looking into the contents; then every conversation is rendered by the template itself.
"""

from collections.abc import Iterable

import jinja2.nodes as n

CLEAN, TEXT, MESSAGE, LIST = "clean", "text", "message", "list"
"""What a value may hold: nothing of the contents; text with contents; a message; messages."""
_BY_KIND_OF_VALUE = frozenset(("defined", "undefined", "none", "string", "mapping", "number", "sequence", "iterable"))
"""Tests that say the same of every text."""
_CHANGES = frozenset(("strftime_now",))
_OF_NEIGHBOURS = frozenset(("previtem", "nextitem"))
_METHODS = frozenset(dir(dict))
_ROUNDS = 8


class _LooksInside(Exception):
    """The template does something with contents that is not plain copying, or that is not understood."""


def copies_contents(template: n.Template) -> bool:
    """Whether the parsed template does nothing with the contents of `messages` but writing them."""
    names = {"messages": LIST}
    try:
        for _ in range(_ROUNDS):
            known = dict(names)
            _Walk(names).statements(template.body)
            if names == known:
                return True
    except _LooksInside:
        pass
    return False


class _Walk:
    """One walk through the template; `names` are the variables that may hold contents, wherever they are set."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def statements(self, nodes: Iterable[n.Node]) -> None:
        """Raises _LooksInside when one of them does more than copying."""
        for node in nodes:
            match node:
                case n.Output():
                    for part in node.nodes:
                        self._only(part, CLEAN, TEXT)
                case n.If():
                    self._only(node.test, CLEAN)
                    self.statements((*node.body, *node.elif_, *node.else_))
                case n.For():
                    self._loop(node)
                case n.Assign():
                    self._assign(node)
                case n.Break() | n.Continue():
                    pass
                case _:
                    raise _LooksInside

    def _loop(self, node: n.For) -> None:
        kind = self._only(node.iter, CLEAN, LIST)
        for target in node.target.find_all(n.Name) if not isinstance(node.target, n.Name) else (node.target,):
            if kind == LIST and target is not node.target:
                raise _LooksInside
            self._set(target.name, MESSAGE if kind == LIST else CLEAN)
        if node.test is not None:
            self._only(node.test, CLEAN)
        self.statements((*node.body, *node.else_))

    def _assign(self, node: n.Assign) -> None:
        kind = self._kind(node.node)
        if isinstance(node.target, n.Name):
            self._set(node.target.name, kind)
        elif kind != CLEAN or not isinstance(node.target, n.NSRef):
            raise _LooksInside

    def _set(self, name: str, kind: str) -> None:
        before = self._names.get(name, CLEAN)
        if CLEAN not in (before, kind) and before != kind:
            raise _LooksInside
        if kind != CLEAN:
            self._names[name] = kind

    def _only(self, node: n.Node, *allowed: str) -> str:
        kind = self._kind(node)
        if kind not in allowed:
            raise _LooksInside
        return kind

    def _kind(self, node: n.Node) -> str:
        match node:
            case n.Name() if node.name != "loop":
                return self._names.get(node.name, CLEAN)
            case n.Const() | n.TemplateData():
                return CLEAN
            case n.Getattr() | n.Getitem():
                return self._part(node)
            case n.Add() | n.Concat() | n.CondExpr():
                return self._joined(node)
            case n.Test() | n.Filter():
                return self._asked(node)
        return self._made(node)

    def _joined(self, node: n.Add | n.Concat | n.CondExpr) -> str:
        """Text put together, or one of two texts."""
        if isinstance(node, n.CondExpr):
            self._only(node.test, CLEAN)
        parts = [part for part in node.iter_child_nodes() if not (isinstance(node, n.CondExpr) and part is node.test)]
        return TEXT if TEXT in [self._only(part, CLEAN, TEXT) for part in parts] else CLEAN

    def _asked(self, node: n.Test | n.Filter) -> str:
        """A test or a filter: the number of messages may be asked for, and whether something is there at all."""
        if isinstance(node, n.Test) and node.name in _BY_KIND_OF_VALUE:
            self._kind(node.node)
        elif not (isinstance(node, n.Filter) and node.name in ("length", "count") and node.node and self._kind(node.node) == LIST):
            self._made(node)
        return CLEAN

    def _part(self, node: n.Getattr | n.Getitem) -> str:
        """An attribute, an item or a slice of something."""
        name = node.attr if isinstance(node, n.Getattr) else node.arg.value if isinstance(node.arg, n.Const) else None
        if isinstance(node.node, n.Name) and node.node.name == "loop":
            if not isinstance(name, str) or name in _OF_NEIGHBOURS:
                raise _LooksInside
            return CLEAN
        if isinstance(node, n.Getitem):
            for arg in node.arg.iter_child_nodes() if isinstance(node.arg, n.Slice) else (node.arg,):
                self._only(arg, CLEAN)
        return self._part_of(self._kind(node.node), node, name)

    def _part_of(self, kind: str, node: n.Getattr | n.Getitem, name: object) -> str:
        if kind == LIST and isinstance(node, n.Getitem):
            return LIST if isinstance(node.arg, n.Slice) else MESSAGE
        if kind == MESSAGE and isinstance(name, str) and name not in _METHODS:
            return TEXT if name == "content" else CLEAN
        if kind != CLEAN:
            raise _LooksInside
        return CLEAN

    def _made(self, node: n.Node) -> str:
        """Any other expression: nothing in it may hold contents."""
        if isinstance(node, n.Call) and isinstance(node.node, n.Name) and node.node.name in _CHANGES:
            raise _LooksInside
        known = (n.Call, n.Filter, n.Test, n.Compare, n.Operand, n.And, n.Or, n.Not, n.BinExpr, n.UnaryExpr, n.List, n.Tuple,
                 n.Dict, n.Pair, n.Keyword)  # fmt: skip
        if not isinstance(node, known):
            raise _LooksInside
        for child in node.iter_child_nodes():
            self._only(child, CLEAN)
        return CLEAN
