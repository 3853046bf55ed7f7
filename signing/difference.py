"""What a signed file became, step by step (so sánh các lần cập nhật): each revision read once."""

from typing import Any
from weakref import WeakKeyDictionary

from pyhanko.sign.diff_analysis import (
    DiffResult,
    ModificationLevel,
    StandardDiffPolicy,
    SuspiciousModification,
)


class StepwiseDiffPolicy(StandardDiffPolicy):
    """Compares each revision with the one before it, once for all signatures that came earlier.

    The library compares every signed revision with every later one: fifty signatures make twelve
    hundred comparisons, each of the whole file. Steps that are all allowed lead to an allowed end;
    where one is not, and where a signature locks fields, its own comparison decides.
    """

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        self._seen: WeakKeyDictionary[Any, dict[int, DiffResult | None]] = WeakKeyDictionary()

    def review_file(
        self, reader: Any, base_revision: Any, field_mdp_spec: Any = None, doc_mdp: Any = None
    ) -> DiffResult | SuspiciousModification:
        """Return how far the file went from what was signed, or what speaks against it."""
        if field_mdp_spec is not None or doc_mdp is not None:
            return super().review_file(reader, base_revision, field_mdp_spec, doc_mdp)
        base = base_revision if isinstance(base_revision, int) else base_revision.revision
        steps = {one: self._step(reader, one) for one in range(base + 1, reader.total_revisions)}
        allowed = [one for one in steps.values() if one is not None]
        if len(allowed) == len(steps):
            levels = [one.modification_level for one in allowed]
            fields = [field for one in allowed for field in one.changed_form_fields]
            return DiffResult(max(levels, default=ModificationLevel.NONE), set(fields))
        # a revision may rewrite what an unsigned one before it brought, such as evidence
        first = min(revision for revision, one in steps.items() if one is None)
        signed = reader.get_historical_resolver(base)
        try:
            self.apply(signed, reader.get_historical_resolver(first))
        except SuspiciousModification as suspicious:
            return suspicious
        return super().review_file(reader, base_revision)

    def _step(self, reader: Any, revision: int) -> DiffResult | None:
        """Return what `revision` did to the one before it, None where that is suspicious."""
        seen = self._seen.setdefault(reader, {})
        if revision not in seen:
            before = reader.get_historical_resolver(revision - 1)
            try:
                seen[revision] = self.apply(before, reader.get_historical_resolver(revision))
            except SuspiciousModification:
                seen[revision] = None
        return seen[revision]
