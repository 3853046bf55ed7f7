"""Tokens to the syntax tree, by binding power; FEEL and its Python-like twin give the same tree."""

from typing import NoReturn

from engine.expressions import syntax as s
from engine.expressions.errors import ExpressionError
from engine.expressions.functions import FUNCTIONS, PHRASES, SYNONYMS
from engine.expressions.tokens import LONGEST_SOURCE, Sort, Token, tokens

MOST_NODES = 400
DEEPEST = 50

_CHOICE, _OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGNED = 5, 10, 20, 30, 40, 50, 60, 70
_A_VALUE, _A_KEY = ("một giá trị", "a value"), ("tên mục", "a key")
_THE_END = ("hết biểu thức", "the end")
_COMPARISONS = {"=": "=", "==": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_CONSTANTS = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "None": None,
}
_KEYWORDS = frozenset(
    {"and", "or", "not", "in", "is", "between", "if", "then", "else"}
    | {"some", "every", "satisfies", "lambda", "for", "return", "function", "instance"}
    | _CONSTANTS.keys()
)
_POWERS = {
    "if": _CHOICE,
    "or": _OR,
    "and": _AND,
    "in": _COMPARISON,
    "is": _COMPARISON,
    "not": _COMPARISON,
    "between": _COMPARISON,
    **dict.fromkeys(_COMPARISONS, _COMPARISON),
    **dict.fromkeys("+-", _SUM),
    **dict.fromkeys("*/%", _PRODUCT),
}


def parse(source: str) -> s.Node:
    """Read one expression, a leading `=` allowed; raise `ExpressionError` with its place."""
    if not isinstance(source, str):
        raise ExpressionError("not-text")
    if len(source) > LONGEST_SOURCE:
        raise ExpressionError("too-long", limit=LONGEST_SOURCE, source=source)
    try:
        found = tokens(source)
        tree = Parser(found[1:] if found[0].text == "=" else found).whole()
        within_limits(tree)
    except ExpressionError as error:
        raise error.within(source) from None
    return tree


def check_name(token: Token) -> str:
    """Return the token's word when it may name a variable or a key."""
    if token.text.startswith("_") or "__" in token.text:
        raise ExpressionError("reserved-name", at=token.at, name=token.text)
    return token.text


def within_limits(tree: s.Node) -> None:
    """Refuse a tree of too many nodes or too deep; raises `ExpressionError`."""
    if sum(1 for _ in s.walk(tree)) > MOST_NODES:
        raise ExpressionError("too-complex", limit=MOST_NODES)
    if s.depth(tree) > DEEPEST:
        raise ExpressionError("too-deep", limit=DEEPEST)


class Parser:
    """One reading of one source."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._next = 0
        self._depth = 0

    def whole(self) -> s.Node:
        """Read everything up to the end."""
        if self._peek().sort is Sort.END:
            raise ExpressionError("empty", at=self._peek().at)
        tree = self._expression(0)
        if self._peek().sort is not Sort.END:
            self._unexpected(_THE_END)
        return tree

    # the tokens

    def _peek(self, ahead: int = 0) -> Token:
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self._peek()
        self._next += 1
        return token

    def _is(self, *texts: str, ahead: int = 0) -> bool:
        token = self._peek(ahead)
        return token.sort in {Sort.WORD, Sort.SIGN} and token.text in texts

    def _skip(self, *texts: str) -> Token | None:
        return self._take() if self._is(*texts) else None

    def _expect(self, *texts: str) -> Token:
        if not self._is(*texts):
            self._unexpected(" / ".join(f"“{text}”" for text in texts))
        return self._take()

    def _unexpected(self, wanted: str | tuple[str, str]) -> NoReturn:
        token = self._peek()
        found = f"“{token.text}”" if token.text else _THE_END
        raise ExpressionError("unexpected", at=token.at, found=found, wanted=wanted)

    # binding power

    def _expression(self, power: int) -> s.Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionError("too-deep", at=self._peek().at, limit=DEEPEST)
        left = self._prefix()
        while self._power() > power:
            left = self._infix(left)
        self._depth -= 1
        return left

    def _power(self) -> int:
        token = self._peek()
        if token.sort not in {Sort.WORD, Sort.SIGN}:
            return 0
        if token.text == "not" and not self._is("in", ahead=1):
            return 0
        return _POWERS.get(token.text, 0)

    def _infix(self, left: s.Node) -> s.Node:
        token = self._take()
        word = token.text
        if word in {"and", "or"}:
            return self._logic(word, left, token.at)
        if word in "+-*/%":
            return s.Arithmetic(token.at, word, left, self._expression(_POWERS[word]))
        if word == "if":
            condition = self._expression(_CHOICE)
            self._expect("else")
            return s.If(token.at, condition, left, self._expression(_CHOICE - 1))
        found = self._comparison(token, left)
        if self._power() == _COMPARISON:
            raise ExpressionError("chained", at=self._peek().at)
        return found

    def _logic(self, word: str, left: s.Node, at: int) -> s.Node:
        operands = [left, self._expression(_POWERS[word])]
        while self._skip(word):
            operands.append(self._expression(_POWERS[word]))
        return s.Logic(at, word, tuple(operands))

    def _comparison(self, token: Token, left: s.Node) -> s.Node:
        if token.text == "between":
            low = self._expression(_COMPARISON)
            self._expect("and")
            high = self._expression(_COMPARISON)
            return s.In(token.at, left, (s.Interval(low.at, low, high, True, True),))
        if token.text == "not":
            self._expect("in")
            return s.Not(token.at, s.In(token.at, left, self._tests()))
        if token.text == "in":
            return s.In(token.at, left, self._tests())
        if token.text == "is":
            operator = "!=" if self._skip("not") else "="
            none = self._expect("None", "null")
            return s.Compare(token.at, operator, left, s.Literal(none.at, None))
        right = self._expression(_COMPARISON)
        return s.Compare(token.at, _COMPARISONS[token.text], left, right)

    # the right side of `in`

    def _tests(self) -> tuple[s.Node, ...]:
        opening = self._skip("(")
        if opening is None:
            return (self._test(),)
        tests = [self._test()]
        if self._is(".."):
            return (self._interval(opening, tests[0]),)
        while self._skip(",") and not self._is(")"):
            tests.append(self._test())
        self._expect(")")
        return tuple(tests)

    def _operand(self) -> s.Node:
        """Read what one side of a comparison may be."""
        return self._expression(_COMPARISON)

    def _test(self) -> s.Node:
        opening = self._skip("]")
        if opening is not None or (self._is("[") and self._opens_interval()):
            opening = opening or self._take()
            return self._interval(opening, self._expression(_COMPARISON))
        return self._expression(_COMPARISON)

    def _opens_interval(self) -> bool:
        """Look for `..` before the bracket closes: `[1..5]` is no list."""
        level, ahead = 0, 1
        while (token := self._peek(ahead)).sort is not Sort.END:
            if token.sort is Sort.SIGN:
                if level == 0 and token.text == "..":
                    return True
                level += (token.text in {"(", "[", "{"}) - (token.text in {")", "]", "}"})
                if level < 0 or (level == 0 and token.text == ","):
                    return False
            ahead += 1
        return False

    def _interval(self, opening: Token, low: s.Node) -> s.Node:
        self._expect("..")
        high = self._expression(_COMPARISON)
        closing = self._expect("]", ")", "[")
        return s.Interval(opening.at, low, high, opening.text == "[", closing.text == "]")

    # what an expression may begin with

    def _prefix(self) -> s.Node:
        node = self._primary()
        while dot := self._skip("."):
            token = self._peek()
            if token.sort is not Sort.WORD:
                self._unexpected(_A_KEY)
            node = s.Path(dot.at, node, check_name(self._take()))
        if self._is("(", "["):
            what = f"“{self._peek().text}”"
            raise ExpressionError("forbidden", at=self._peek().at, what=what)
        return node

    def _primary(self) -> s.Node:
        token = self._peek()
        if token.sort is Sort.WORD:
            return self._word()
        if token.sort in {Sort.NUMBER, Sort.TEXT}:
            self._take()
            return s.Literal(token.at, token.value)
        if self._skip("-"):
            return s.Negate(token.at, self._expression(_SIGNED))
        if self._skip("("):
            inside = self._expression(0)
            self._expect(")")
            return inside
        if self._skip("["):
            return s.ListOf(token.at, self._items("]"))
        if self._skip("{"):
            return self._context(token)
        if self._skip("@"):
            return self._at_literal(token)
        return self._unexpected(_A_VALUE)

    def _word(self) -> s.Node:
        if phrase := self._function_phrase():
            return self._call(*phrase)
        token = self._take()
        word = token.text
        if word in _CONSTANTS:
            return s.Literal(token.at, _CONSTANTS[word])
        if word == "not":
            return self._not(token)
        if word == "if":
            return self._if(token)
        if word in {"some", "every"}:
            return self._quantified(token)
        if word in _KEYWORDS:
            self._next -= 1
            self._unexpected(_A_VALUE)
        if self._is("("):
            raise ExpressionError("unknown-function", at=token.at, name=word)
        return s.Name(token.at, check_name(token))

    def _function_phrase(self) -> tuple[Token, str] | None:
        """Take the words of a function name when an opening bracket follows them."""
        for phrase in PHRASES.get(self._peek().text, ()):
            if all(self._is(word, ahead=i) for i, word in enumerate(phrase)) and self._is(
                "(", ahead=len(phrase)
            ):
                first = self._peek()
                self._next += len(phrase)
                return first, " ".join(phrase)
        return None

    def _call(self, token: Token, written: str) -> s.Node:
        name = SYNONYMS.get(written, written)
        self._expect("(")
        arguments = self._items(")")
        return FUNCTIONS[name].checked_call(token.at, arguments)

    def _not(self, token: Token) -> s.Node:
        bracketed = self._is("(")
        first = self._next
        operand = self._expression(_NOT)
        # FEEL reads not(a) = b as (not a) = b, Python as not (a = b): only the clear form is taken.
        if bracketed and not self._closes_at_end(first):
            raise ExpressionError("ambiguous-not", at=token.at)
        return s.Not(token.at, operand)

    def _closes_at_end(self, first: int) -> bool:
        level = 0
        for place in range(first, self._next):
            token = self._tokens[place]
            if token.sort is Sort.SIGN and token.text in {"(", ")"}:
                level += 1 if token.text == "(" else -1
            if level == 0:
                return place == self._next - 1
        return False

    def _if(self, token: Token) -> s.Node:
        condition = self._expression(0)
        self._expect("then")
        then = self._expression(0)
        self._expect("else")
        return s.If(token.at, condition, then, self._expression(0))

    def _quantified(self, token: Token) -> s.Node:
        bindings: list[tuple[Token, s.Node]] = []
        while True:
            if self._peek().sort is not Sort.WORD or self._peek().text in _KEYWORDS:
                self._unexpected(("tên biến", "a name"))
            name = self._take()
            check_name(name)
            self._expect("in")
            bindings.append((name, self._expression(_COMPARISON)))
            if not self._skip(","):
                break
        self._expect("satisfies")
        test = self._expression(0)
        for name, source in reversed(bindings):
            test = s.Quantified(name.at, token.text == "every", name.text, source, test)
        return test

    def _items(self, closing: str) -> tuple[s.Node, ...]:
        items: list[s.Node] = []
        while not self._skip(closing):
            items.append(self._expression(0))
            if not self._is(closing):
                self._expect(",")
        return tuple(items)

    def _context(self, opening: Token) -> s.Node:
        entries: dict[str, s.Node] = {}
        while not self._skip("}"):
            token = self._take()
            if token.sort not in {Sort.WORD, Sort.TEXT}:
                self._next -= 1
                self._unexpected(_A_KEY)
            name = token.value if token.sort is Sort.TEXT else check_name(token)
            if name in entries:
                raise ExpressionError("duplicate", at=token.at, name=name)
            self._expect(":")
            entries[name] = self._expression(0)
            if not self._is("}"):
                self._expect(",")
        return s.ContextOf(opening.at, tuple(entries.items()))

    def _at_literal(self, token: Token) -> s.Node:
        text = self._take()
        if text.sort is not Sort.TEXT:
            self._next -= 1
            self._unexpected(("ngày, giờ trong ngoặc kép", "a date or time in quotes"))
        if text.value.lstrip("-").startswith("P"):
            name = "duration"
        elif "T" in text.value:
            name = "date and time"
        else:
            name = "time" if ":" in text.value else "date"
        return FUNCTIONS[name].checked_call(token.at, (s.Literal(text.at, text.value),))
