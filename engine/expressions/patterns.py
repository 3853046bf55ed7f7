r"""Patterns (mẫu so khớp) that cannot run away: a subset of regular expressions, in linear time.

The subset: literals, `.`, classes, `\d \w \s` and their opposites (ASCII), groups, `|`, `* + ?`,
`{m,n}`, `^` and `$`. No back-references, no look-around, no flags. A pattern becomes a small
automaton whose steps are remembered: the time is bounded by the lengths of text and pattern.
"""

from dataclasses import dataclass
from functools import lru_cache
from re import compile as _plain

from engine.expressions.errors import ExpressionError

LONGEST_PATTERN = 200
LONGEST_SUBJECT = 2000
_MOST_STATES = 500
_MOST_STEPS = 5000
_DEEPEST = 20

_DIGITS = ((48, 57),)
_WORDS = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACES = ((9, 13), (32, 32))
_CLASSES = {"d": _DIGITS, "w": _WORDS, "s": _SPACES}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r"}
_COUNT = _plain("[0-9]{1,4}")
#: the first state made is the one that says yes
_ACCEPTED = 0
_TOO_MANY = ("lặp quá nhiều", "too many repetitions")
_START, _END, _SPLIT, _ACCEPT = "start", "end", "split", "accept"


@dataclass(frozen=True, slots=True)
class Signs:
    """A set of characters as ranges of code points, or all others."""

    ranges: tuple[tuple[int, int], ...]
    others: bool = False

    def __contains__(self, code: int) -> bool:
        return any(low <= code <= high for low, high in self.ranges) is not self.others


@dataclass(slots=True)
class State:
    """One state: characters it takes, or a move without any; then the numbers that follow."""

    takes: Signs | str
    next: int = -1
    also: int = -1


class Pattern:
    """A compiled pattern; `fullmatch` is for forms, `search` for `matches` in expressions.

    `size` is the most work one character may cost.
    """

    def __init__(self, source: str, states: list[State], first: int) -> None:
        self.source = source
        self.size = len(states)
        self._states = states
        self._opening = self._closed({first}, at_start=True)
        self._again = self._closed({first})
        self._steps: dict[tuple[frozenset[int], str, frozenset[int]], frozenset[int]] = {}

    def fullmatch(self, text: str) -> bool:
        """Say whether the whole text fits."""
        return self._run(text, frozenset(), anywhere=False)

    def search(self, text: str) -> bool:
        """Say whether a part of the text fits."""
        return self._run(text, self._again, anywhere=True)

    def _run(self, text: str, again: frozenset[int], *, anywhere: bool) -> bool:
        if len(text) > LONGEST_SUBJECT:
            raise ExpressionError("too-large")
        current = self._opening
        for sign in text:
            if anywhere and _ACCEPTED in current:
                return True
            current = self._step(current, sign, again)
            if not current:
                return False
        return _ACCEPTED in self._closed(set(current), at_start=not text, at_end=True)

    def _step(self, current: frozenset[int], sign: str, again: frozenset[int]) -> frozenset[int]:
        key = current, sign, again
        found = self._steps.get(key)
        if found is None:
            code = ord(sign)
            after = {
                state.next
                for state in (self._states[i] for i in current)
                if isinstance(state.takes, Signs) and code in state.takes
            }
            if len(self._steps) >= _MOST_STEPS:
                self._steps.clear()
            found = self._steps[key] = self._closed(after) | again
        return found

    def _closed(
        self, states: set[int], *, at_start: bool = False, at_end: bool = False
    ) -> frozenset[int]:
        """Add every state reached without taking a character."""
        found, waiting = set(states), list(states)
        while waiting:
            state = self._states[waiting.pop()]
            passes = (
                state.takes == _SPLIT
                or (at_start and state.takes == _START)
                or (at_end and state.takes == _END)
            )
            for following in (state.next, state.also) if passes else ():
                if following >= 0 and following not in found:
                    found.add(following)
                    waiting.append(following)
        return frozenset(found)


@lru_cache(maxsize=1024)
def compile_pattern(source: str) -> Pattern:
    """Compile a pattern; raise `ExpressionError` (`pattern`) for anything outside the subset."""
    if len(source) > LONGEST_PATTERN:
        raise _refused(f"dài quá {LONGEST_PATTERN} ký tự", f"longer than {LONGEST_PATTERN}", source)
    reader = _Reader(source)
    tree = reader.whole()
    builder = _Builder(source)
    return Pattern(source, builder.states, builder.build(tree, builder.add(State(_ACCEPT))))


def _refused(vi: str, en: str, source: str) -> ExpressionError:
    return ExpressionError("pattern", source=source, why=(vi, en))


@dataclass(frozen=True, slots=True)
class _Either:
    branches: tuple["_Tree", ...]


@dataclass(frozen=True, slots=True)
class _Row:
    parts: tuple["_Tree", ...]


@dataclass(frozen=True, slots=True)
class _Repeat:
    part: "_Tree"
    least: int
    most: int | None


_Tree = _Either | _Row | _Repeat | Signs | str


class _Builder:
    """The tree made into states, from the end to the front."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._built = 0
        self.states: list[State] = []

    def add(self, state: State) -> int:
        if len(self.states) >= _MOST_STATES:
            raise _refused(*_TOO_MANY, self._source)
        self.states.append(state)
        return len(self.states) - 1

    def build(self, tree: _Tree, after: int) -> int:
        """Return the state where `tree` begins when `after` follows it."""
        self._built += 1
        if self._built > 4 * _MOST_STATES:
            raise _refused(*_TOO_MANY, self._source)
        match tree:
            case _Row():
                for part in reversed(tree.parts):
                    after = self.build(part, after)
                return after
            case _Either():
                first = self.build(tree.branches[-1], after)
                for branch in reversed(tree.branches[:-1]):
                    first = self.add(State(_SPLIT, self.build(branch, after), first))
                return first
            case _Repeat():
                return self._repeat(tree, after)
            case _:
                return self.add(State(tree, after))

    def _repeat(self, tree: _Repeat, after: int) -> int:
        if tree.most is None:
            again = self.add(State(_SPLIT, also=after))
            self.states[again].next = self.build(tree.part, again)
            first = again
        else:
            first = after
            for _ in range(tree.most - tree.least):
                first = self.add(State(_SPLIT, self.build(tree.part, first), after))
        for _ in range(tree.least):
            first = self.build(tree.part, first)
        return first


class _Reader:
    """One reading of a pattern's text."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._depth = 0

    def whole(self) -> _Tree:
        tree = self._either()
        if self._at < len(self._source):
            raise self._bad("thừa dấu )", "an extra )")
        return tree

    def _bad(self, vi: str, en: str) -> ExpressionError:
        return _refused(vi, en, self._source)

    def _peek(self) -> str:
        return self._source[self._at : self._at + 1]

    def _take(self) -> str:
        sign = self._peek()
        if not sign:
            raise self._bad("thiếu phần cuối", "it ends too early")
        self._at += 1
        return sign

    def _either(self) -> _Tree:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._bad("quá nhiều nhóm lồng nhau", "groups nested too deeply")
        branches = [self._row()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._row())
        self._depth -= 1
        return branches[0] if len(branches) == 1 else _Either(tuple(branches))

    def _row(self) -> _Tree:
        parts: list[_Tree] = []
        while self._peek() not in {"", "|", ")"}:
            parts.append(self._repeated(self._atom()))
        return _Row(tuple(parts))

    def _atom(self) -> _Tree:
        sign = self._take()
        match sign:
            case "(":
                return self._group()
            case "[":
                return self._class()
            case ".":
                return Signs(((10, 10),), others=True)
            case "^":
                return _START
            case "$":
                return _END
            case "\\":
                return self._escape()
            case "*" | "+" | "?" | "{" | "}" | "]":
                raise self._bad(f"dấu {sign} đặt sai chỗ", f"a misplaced {sign}")
            case _:
                return Signs(((ord(sign), ord(sign)),))

    def _group(self) -> _Tree:
        if self._peek() == "?":
            if self._source[self._at : self._at + 2] != "?:":
                raise self._bad("nhóm (?…) không được dùng", "(?…) groups are not allowed")
            self._at += 2
        tree = self._either()
        if self._take() != ")":
            raise self._bad("thiếu dấu )", "a missing )")
        return tree

    def _escape(self) -> Signs:
        sign = self._take()
        if sign.lower() in _CLASSES:
            return Signs(_CLASSES[sign.lower()], others=sign.isupper())
        sign = _CONTROLS.get(sign, sign)
        if sign.isalnum() or not sign.isascii():
            raise self._bad(f"không có dấu thoát \\{sign}", f"there is no escape \\{sign}")
        return Signs(((ord(sign), ord(sign)),))

    def _class(self) -> Signs:
        others = self._peek() == "^"
        self._at += others
        ranges: list[tuple[int, int]] = []
        while True:
            sign = self._take()
            if sign == "]":
                break
            ranges.extend(self._range(sign))
        if not ranges:
            raise self._bad("lớp ký tự [ ] trống", "an empty [ ]")
        return Signs(tuple(ranges), others)

    def _range(self, sign: str) -> tuple[tuple[int, int], ...]:
        low = self._class_sign(sign)
        if low.others or len(low.ranges) > 1 or low.ranges[0][0] != low.ranges[0][1]:
            if low.others:
                raise self._bad("\\D \\W \\S không dùng trong [ ]", "no \\D \\W \\S inside [ ]")
            return low.ranges
        following = self._source[self._at + 1 : self._at + 2]
        if self._peek() != "-" or following in {"]", ""}:
            return low.ranges
        self._at += 1
        high = self._class_sign(self._take())
        if len(high.ranges) > 1 or high.others or high.ranges[0][1] < low.ranges[0][0]:
            raise self._bad("khoảng ký tự viết ngược", "a reversed range of characters")
        return ((low.ranges[0][0], high.ranges[0][1]),)

    def _class_sign(self, sign: str) -> Signs:
        if sign == "[":
            raise self._bad("[ trong lớp ký tự phải viết \\[", "write \\[ inside [ ]")
        return self._escape() if sign == "\\" else Signs(((ord(sign), ord(sign)),))

    def _repeated(self, part: _Tree) -> _Tree:
        sign = self._peek()
        if sign not in {"*", "+", "?", "{"} or sign == "":
            return part
        if isinstance(part, str):
            raise self._bad(f"dấu {sign} đặt sai chỗ", f"a misplaced {sign}")
        self._at += 1
        least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(sign) or self._counts()
        if self._peek() == "?":
            self._at += 1  # lazy or greedy, the answer yes or no is the same
        if self._peek() in {"*", "+", "{", "?"} and self._peek():
            raise self._bad("hai dấu lặp liền nhau", "two repetitions in a row")
        return _Repeat(part, least, most)

    def _counts(self) -> tuple[int, int | None]:
        closing = self._source.find("}", self._at)
        low, comma, high = self._source[self._at : max(closing, self._at)].partition(",")
        if not (_COUNT.fullmatch(low) and (not high or _COUNT.fullmatch(high))):
            raise self._bad("số lần lặp {m,n} sai", "a malformed {m,n}")
        self._at = closing + 1
        least = int(low)
        most = int(high) if high else (None if comma else least)
        if least > _MOST_STATES or (most is not None and not least <= most <= _MOST_STATES):
            raise self._bad("số lần lặp {m,n} sai", "a malformed {m,n}")
        return least, most
