"""A verb of the catalogue (việc): its name, its words, its form, and where it stands.

It stands apart from what carries it out, which brings signatures, pages and files with it: an
author who has a diagram checked waits for none of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from engine.database import Transaction
from engine.expressions import Kind

if TYPE_CHECKING:
    from processes.means import Means
    from processes.order import Decision, Order

    Carry = Callable[[Transaction, Means, Order[Any]], Decision]


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb: its name in diagrams, its words, and the module of `processes` with its function.

    `form` is the form a diagram uses for it when it names none. `procedure` is the key of the one
    procedure whose documents it works on; empty where it works on any.
    """

    name: str
    vi: str
    en: str
    module: str
    form: str = ""
    procedure: str = ""
    by_machine: bool = False
    #: the routing variables it may set, with their kinds: what a diagram's conditions may ask
    sets: Mapping[str, Kind] = field(default_factory=dict)

    def load(self) -> "Carry":
        """Return what carries it out, which bears its name."""
        return cast("Carry", getattr(import_module(f"processes.{self.module}"), self.name))

    def carry_out(self, tx: Transaction, means: "Means", order: "Order[Any]") -> "Decision":
        """Carry it out; what it refuses is raised."""
        return self.load()(tx, means, order)

    def label(self, language: str = "vi") -> str:
        """Return the words for the screen."""
        return self.en if language == "en" else self.vi
