"""Expressions of a form checked against its own fields: names, kinds, repeated keys, circles."""

from collections.abc import Iterator, Mapping

from engine.expressions import (
    BOOLEAN,
    NUMBER,
    Expression,
    ExpressionError,
    Kind,
    compile_expression,
)
from forms.components import Component, Field, Leaf, Rows, kinds, leaves
from forms.errors import Problem


def check_scopes(
    components: tuple[Component, ...], outer: Mapping[str, Kind] | None = None
) -> Iterator[Problem]:
    """Yield what is wrong with keys and expressions of this level and the levels inside it."""
    found = tuple(leaves(components))
    yield from _repeated(found)
    try:
        own = kinds(components, sensitive=True)
        conditional = kinds(components, computed=False, sensitive=True)
    except (AttributeError, TypeError):
        return  # a key is both a value and a group: already named as repeated
    names, seen = {**(outer or {}), **own}, {**(outer or {}), **conditional}
    yield from _circles(found)
    for leaf in found:
        part = leaf.component
        for hide in leaf.hides:
            yield from _checked(leaf, hide, seen, BOOLEAN)
        if isinstance(part, Rows):
            yield from check_scopes(part.components, names)
        else:
            yield from _rules(leaf, part, names, seen)


def _rules(
    leaf: Leaf, part: Field, names: Mapping[str, Kind], seen: Mapping[str, Kind]
) -> Iterator[Problem]:
    rules = part.rules
    for limit in (rules.min_length, rules.max_length, rules.minimum, rules.maximum):
        if isinstance(limit, Expression):
            yield from _checked(leaf, limit, names, NUMBER)
    if rules.check is not None:
        yield from _checked(leaf, rules.check, names, BOOLEAN)
    if part.computed is not None:
        yield from _checked(leaf, part.computed, seen, None)


def _checked(
    leaf: Leaf, expression: Expression, names: Mapping[str, Kind], result: Kind | None
) -> Iterator[Problem]:
    try:
        compile_expression(expression.source, names, result)
    except ExpressionError as error:
        yield Problem(leaf.path, error.text("vi"), error.text("en"))


def _repeated(found: tuple[Leaf, ...]) -> Iterator[Problem]:
    places = [leaf.place for leaf in found]
    for at, place in enumerate(places):
        others = places[:at]
        if any(place[: len(o)] == o or o[: len(place)] == place for o in others):
            path = ".".join(place)
            yield Problem(path, f"khóa “{path}” dùng hai lần", f"the key “{path}” is used twice")


def _circles(found: tuple[Leaf, ...]) -> Iterator[Problem]:
    """Refuse fields that decide over their own showing, directly or in a circle."""
    needs: dict[str, set[str]] = {}
    for leaf in found:
        read = {name for hide in leaf.hides for name in hide.names}
        needs.setdefault(leaf.place[0], set()).update(read)
    for name, first in needs.items():
        reached, waiting = set[str](), list(first)
        while waiting:
            other = waiting.pop()
            if other not in reached:
                reached.add(other)
                waiting.extend(needs.get(other, ()))
        if name in reached:
            yield Problem(
                name,
                "điều kiện hiển thị phụ thuộc vòng tròn vào chính nó",
                "its condition depends on itself",
            )
