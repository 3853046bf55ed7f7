"""What a verb is given and what it gives back: the order of one step, and the decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from engine.database import Transaction
from engine.instance import ProcessInstance
from engine.work_item import WorkItem
from processes.keys import KeyOrder
from records.content import Stored
from records.document import Document
from records.vocabulary import Term
from signing.signer import SignRequest

D = TypeVar("D", bound=Document)
T = TypeVar("T", bound=Term)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file a door took in (tệp tải lên): its name and where the content store put its bytes."""

    name: str
    stored: Stored


class Elsewhere(Protocol):
    """A key that is not at hand (khóa ở thiết bị): it is asked, or has signed already."""

    def sign(
        self, tx: Transaction, owner: UUID, pdf: bytes, request: SignRequest, use: KeyOrder
    ) -> bytes:
        """Return `pdf` signed with the key of `owner`, and write down that it was used."""
        ...


@dataclass(frozen=True, slots=True)
class Order(Generic[D]):
    """One step to be carried out: the item, its instance, the document, the checked form.

    `data` are the validated values, `files` the uploads by field key, `kept` what history may hold:
    `data` as plain JSON without secrets such as a PIN.
    """

    item: WorkItem
    instance: ProcessInstance
    document: D
    data: Mapping[str, Any]
    files: Mapping[str, Sequence[Upload]] = field(default_factory=dict)
    kept: Mapping[str, Any] = field(default_factory=dict)
    #: who signs in place of the keystore that a PIN opens
    elsewhere: Elsewhere | None = None

    @property
    def outcome(self) -> str:
        """The way the officer chose: `accept`, `return`, …; empty where the form has no choice."""
        return str(self.data.get("outcome") or "")

    @property
    def is_return(self) -> bool:
        """Whether the officer sends it back (trả lại)."""
        return self.outcome == "return"

    @property
    def reason(self) -> str:
        """Why it is sent back, as the officer wrote it."""
        return str(self.data.get("reason") or "")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a verb decided: routing variables for the diagram, and words for the history."""

    variables: Mapping[str, Any] = field(default_factory=dict)
    summary: str = ""


def text(data: Mapping[str, Any], key: str) -> str:
    """Return a text field of a submission, empty where it was left out."""
    value = data.get(key)
    return "" if value is None else str(value)


def term(words: type[T], data: Mapping[str, Any], key: str, default: T) -> T:
    """Return a closed value of a submission."""
    value = data.get(key)
    return words(value) if value else default
