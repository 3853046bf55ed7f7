"""A submission validated (kiểm tra nội dung nhập): the server's word, whatever the browser sent."""

from collections.abc import Callable, Container, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine.expressions import VIETNAM, Expression
from forms.components import Component, Field, Leaf, Rows, leaves
from forms.definition import FormDefinition
from forms.errors import FormInvalid, MissingChoices
from forms.fields import shown_number
from forms.messages import say
from forms.schema import read
from forms.submission import Submission, Upload, lookup, put, without

_NO_CHOICES: Mapping[str, Container[str]] = {}
_NOTHING: Mapping[str, Any] = {}
_NO_UPLOADS: Mapping[str, Upload] = {}


def validate(
    form: FormDefinition,
    raw: Any,
    *,
    choices: Mapping[str, Container[str]] = _NO_CHOICES,
    server_values: Mapping[str, Any] = _NOTHING,
    uploads: Mapping[str, Upload] = _NO_UPLOADS,
    language: str = "vi",
    now: datetime | None = None,
    is_legible: Callable[[str], bool] | None = None,
) -> Submission:
    """Validate what was sent for a form.

    `choices` holds the allowed values of each named list (`form.sources`), `server_values` the
    values of read-only fields, `uploads` the uploaded files by reference, `now` the time for
    rules about today, `is_legible` what the office says of typed text. Raises `FormInvalid`
    with messages per path in `language`; `MissingChoices` when a list is not supplied.
    """
    given, errors = read(form, raw, language)
    if not isinstance(raw, Mapping):
        raise FormInvalid(errors, {})
    sensitive = sensitive_paths(form)
    desk = _Desk(choices, uploads, language, now, errors, is_legible)
    values = desk.level(form.leaves, given, server_values, {}, "")
    errors = desk.remaining()
    if errors:
        raise FormInvalid(errors, without(raw, sensitive))
    return Submission(form, values, tuple(desk.dropped), sensitive)


def sensitive_paths(form: FormDefinition) -> frozenset[str]:
    """Return the paths of what must never be stored, such as a PIN (trường bí mật)."""
    return frozenset(_sensitive(form.components))


def _sensitive(components: tuple[Component, ...]) -> Iterator[str]:
    for leaf in leaves(components):
        if isinstance(leaf.component, Rows):
            for inside in _sensitive(leaf.component.components):
                yield f"{leaf.path}.*.{inside}"
        elif leaf.component.sensitive:
            yield leaf.path


def hidden_leaves(
    found: tuple[Leaf, ...],
    values: Mapping[str, Any],
    outer: Mapping[str, Any],
    now: datetime | None,
) -> frozenset[str]:
    """Return the paths that do not apply: a hidden field counts as empty for the others."""
    hidden: frozenset[str] = frozenset()
    conditional = [leaf for leaf in found if leaf.hides]
    # the definition has no circles, so each round settles at least one more field
    for _ in range(len(conditional) + 1):
        scope = {**outer, **(without(values, hidden) if hidden else values)}
        after = frozenset(
            leaf.path for leaf in conditional if any(hide.holds(scope, now) for hide in leaf.hides)
        )
        if after == hidden:
            break
        hidden = after
    return hidden


class _Desk:
    """One validation: errors by path, and what was dropped."""

    def __init__(
        self,
        choices: Mapping[str, Container[str]],
        uploads: Mapping[str, Upload],
        language: str,
        now: datetime | None,
        errors: dict[str, list[str]],
        is_legible: Callable[[str], bool] | None,
    ) -> None:
        self._is_legible = is_legible
        self._choices = choices
        self._uploads = uploads
        self._language = language
        self._now = now
        self._errors = errors
        self._hidden: list[str] = []
        self.dropped: list[str] = []

    def remaining(self) -> dict[str, list[str]]:
        """Return the errors of fields that apply."""
        gone = tuple(f"{path}." for path in self._hidden)
        return {
            path: found
            for path, found in self._errors.items()
            if not f"{path}.".startswith(gone or "\x00")
        }

    def level(
        self,
        found: tuple[Leaf, ...],
        given: Mapping[str, Any],
        server: Mapping[str, Any],
        outer: Mapping[str, Any],
        prefix: str,
    ) -> dict[str, Any]:
        """Return the values of one level: of the form, or of one row."""
        values: dict[str, Any] = {}
        for leaf in found:
            put(values, leaf.place, self._start(leaf, given, server, prefix))
        hidden = hidden_leaves(found, values, outer, self._now)
        kept: dict[str, Any] = {}
        for leaf in found:
            if leaf.path not in hidden:
                put(kept, leaf.place, lookup(values, leaf.place))
                continue
            self._hidden.append(prefix + leaf.path)
            if lookup(given, leaf.place) not in (None, "", [], False):
                self.dropped.append(prefix + leaf.path)
        scope = {**outer, **kept}
        for leaf in found:
            if leaf.path not in hidden:
                self._finish(leaf, kept, server, scope, prefix)
        return kept

    def _start(
        self, leaf: Leaf, given: Mapping[str, Any], server: Mapping[str, Any], prefix: str
    ) -> Any:
        part, value = leaf.component, lookup(given, leaf.place)
        if isinstance(part, Rows):
            return value or []
        if not part.is_given_by_server and part.kind != "computed":
            return False if value is None and part.kind == "checkbox" else _listed(part, value)
        if value is not None:
            self.dropped.append(prefix + leaf.path)
        value = lookup(server, leaf.place)
        return _listed(part, part.default if value is None else value)

    def _finish(
        self,
        leaf: Leaf,
        kept: dict[str, Any],
        server: Mapping[str, Any],
        scope: Mapping[str, Any],
        prefix: str,
    ) -> None:
        part, path = leaf.component, prefix + leaf.path
        if isinstance(part, Rows):
            put(kept, leaf.place, self._rows(leaf, part, kept, server, scope, path))
        elif part.computed is not None:
            put(kept, leaf.place, part.computed.evaluate(scope, self._now))
        elif not part.is_given_by_server and not self._failed(path):
            for message in self._faults(part, lookup(kept, leaf.place), scope):
                self._errors.setdefault(path, []).append(self._in_row(path, message))

    def _rows(
        self,
        leaf: Leaf,
        part: Rows,
        kept: Mapping[str, Any],
        server: Mapping[str, Any],
        scope: Mapping[str, Any],
        path: str,
    ) -> list[dict[str, Any]]:
        rows = lookup(kept, leaf.place) or []
        if not part.least <= len(rows) <= part.most and not self._failed(path):
            name, limit = (
                ("min-rows", part.least) if len(rows) < part.least else ("max-rows", part.most)
            )
            label = part.label.text(self._language)
            self._errors[path] = [say(name, self._language, label=label, limit=limit)]
            return []
        inside = tuple(leaves(part.components))
        fixed = lookup(server, leaf.place) or []
        return [
            self.level(
                inside,
                row if isinstance(row, Mapping) else {},
                fixed[number] if number < len(fixed) else {},
                scope,
                f"{path}.{number}.",
            )
            for number, row in enumerate(rows)
        ]

    def _failed(self, path: str) -> bool:
        return path in self._errors

    def _in_row(self, path: str, message: str) -> str:
        row = next((part for part in path.split(".") if part.isdigit()), None)
        if row is None:
            return message
        return say("row", self._language, row=int(row) + 1, message=message)

    def _faults(self, part: Field, value: Any, scope: Mapping[str, Any]) -> Iterator[str]:
        if value in (None, [], False):
            if part.rules.required:
                yield self._say(part, _REQUIRED.get(part.kind, "required"))
            return
        if part.source is not None:
            yield from self._off_list(part, part.source, value)
        if self._is_illegible(part, value):
            yield self._say(part, "old-encoding")
        if part.kind == "file":
            yield from self._bad_files(part, value)
        yield from self._beyond(part, value, scope)
        rules = part.rules
        if rules.not_past and self._is_past(value):
            yield self._say(part, "past")
        if rules.check is not None and rules.check.evaluate(scope, self._now) is False:
            words = rules.check_words
            yield words.text(self._language) if words else self._say(part, "check")

    def _say(self, part: Field, name: str, **fields: Any) -> str:
        label = part.label.text(self._language)
        return say(name, self._language, label=label, **fields)

    def _is_illegible(self, part: Field, value: Any) -> bool:
        if self._is_legible is None or part.sensitive or part.kind not in {"text", "textarea"}:
            return False
        return isinstance(value, str) and not self._is_legible(value)

    def _off_list(self, part: Field, source: str, value: Any) -> Iterator[str]:
        if source not in self._choices:
            raise MissingChoices(source=source)
        allowed = self._choices[source]
        if any(chosen not in allowed for chosen in (value if isinstance(value, list) else [value])):
            yield self._say(part, "choice")

    def _bad_files(self, part: Field, references: list[str]) -> Iterator[str]:
        for reference in references:
            upload = self._uploads.get(reference)
            if upload is None:
                yield self._say(part, "no-file")
                continue
            if part.accept and not upload.name.lower().endswith(part.accept):
                yield self._say(part, "file-type", limit=", ".join(part.accept), found=upload.name)
            if part.max_bytes is not None and upload.size > part.max_bytes:
                yield self._say(
                    part, "file-size", limit=shown_size(part.max_bytes), found=upload.name
                )

    def _beyond(self, part: Field, value: Any, scope: Mapping[str, Any]) -> Iterator[str]:
        """Compare with the limits that are computed from other fields."""
        rules, size = part.rules, len(value) if isinstance(value, (str, list)) else value
        for name, limit, is_least in (
            ("min-length", rules.min_length, True),
            ("max-length", rules.max_length, False),
            ("min", rules.minimum, True),
            ("max", rules.maximum, False),
        ):
            if not isinstance(limit, Expression):
                continue
            found = limit.evaluate(scope, self._now)
            if not isinstance(found, (int, Decimal)) or not isinstance(size, (int, Decimal)):
                continue
            if size < found if is_least else size > found:
                yield self._say(part, name, limit=shown_number(found, self._language), found=size)

    def _is_past(self, value: Any) -> bool:
        if self._now is None:
            raise ValueError("the form has rules about today: now is needed")
        if isinstance(value, datetime):
            return value < self._now
        return isinstance(value, date) and value < self._now.astimezone(VIETNAM).date()


_REQUIRED = {
    "checkbox": "required-true",
    "radio": "required-choice",
    "select": "required-choice",
    "checklist": "required-choice",
    "taglist": "required-choice",
    "file": "required-file",
}


def _listed(part: Field, value: Any) -> Any:
    return [] if value is None and part.kind in {"checklist", "taglist", "file"} else value


def shown_size(count: int) -> str:
    """Write a size for people."""
    megabytes = count / 1_048_576
    return f"{megabytes:.0f} MB" if megabytes >= 1 else f"{count // 1024} KB"
