"""What may become of a signed file's form (biểu mẫu trong tệp đã ký): nothing that redraws it."""

from collections.abc import Iterator
from typing import Any

from pyhanko.sign.diff_analysis import SuspiciousModification
from pyhanko.sign.diff_analysis.form_rules_api import FormUpdatingRule

REDRAW = "/NeedAppearances"


class UnredrawnFormRule(FormUpdatingRule):
    """Lets a form gain signatures, but not the order to draw its fields anew from their values.

    A field that shows one sum and holds another would change before the reader's eyes.
    """

    def apply(self, old: Any, new: Any) -> Iterator[Any]:
        if _redraws(new) and not _redraws(old):
            raise SuspiciousModification(f"{REDRAW} was switched on")
        yield from super().apply(old, new)


def _redraws(revision: Any) -> bool:
    # get() of pyHanko's dictionaries does not follow references
    if "/AcroForm" not in revision.root:
        return False
    form = revision.root["/AcroForm"]
    return REDRAW in form and bool(form[REDRAW])
