"""What lines of the journal are about, by name (đối tượng của thao tác): never a bare key.

Subjects stay out: an administrator reads the journal, not what documents are about.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from engine.database import Transaction
from engine.definition import Definition
from engine.instance import ProcessInstance
from engine.work_item import WorkItem
from processes.migration import Migration
from processes.subjects import INCOMING
from records.account import Account
from records.content import File
from records.delegation import Delegation
from records.document import IncomingDocument, OutgoingDocument
from records.dossier import Dossier
from records.journal import JournalLeaf
from records.key_custody import KeyHandover, KeyUse
from records.keystore import Keystore
from records.login_session import ApiToken
from records.organization import Agency, Officer, Position, Unit
from records.register import Register
from records.trust import TrustVersion
from web import paper
from web.door import language
from web.tongue import _

Names = dict[UUID, str]

#: what is called by one column of its own
_COLUMNS: dict[str, tuple[Any, ...]] = {
    "account": (Account.username,),
    "agency": (Agency.name,),
    "api_token": (ApiToken.name,),
    "definition": (Definition.name,),
    "delegation": (Delegation.basis,),
    "dossier": (Dossier.file_notation,),
    "key_handover": (KeyHandover.holder_name,),
    "key_use": (KeyUse.document,),
    # a trial names whose key it was
    "keystore": (Keystore.label, Officer.full_name, Agency.name),
    "migration": (Migration.key,),
    "officer": (Officer.full_name,),
    "position": (Position.title,),
    "register": (Register.name,),
    "trust_version": (TrustVersion.number,),
    "unit": (Unit.name,),
}


def names_of(tx: Transaction, leaves: Iterable[JournalLeaf]) -> Names:
    """Return the names of what these lines are about; what is gone or not ours has none."""
    asked: dict[str, set[UUID]] = {}
    for leaf in leaves:
        if leaf.object_id is not None:
            asked.setdefault(leaf.object_type, set()).add(leaf.object_id)
    found: Names = {}
    for kind, columns in _COLUMNS.items():
        for column in columns if kind in asked else ():
            key = column.class_.id
            found |= {one: str(name) for one, name in _rows(tx, asked[kind], key, column) if name}
    return found | _by_document(tx, asked)


def _rows(tx: Transaction, ids: Iterable[UUID], key: Any, *columns: Any) -> Iterable[Any]:
    wanted = list(ids)
    return tx.rows(sa.select(key, *columns).where(key.in_(wanted))) if wanted else ()


def _by_document(tx: Transaction, asked: Mapping[str, set[UUID]]) -> Names:
    """Return the names of documents and of what belongs to one: its files, runs and steps."""
    items = {
        one: (run, name)
        for one, run, name in _rows(
            tx, asked.get("work_item", ()), WorkItem.id, WorkItem.instance_id, WorkItem.name
        )
    }
    wanted = asked.get("process_instance", set()) | {run for run, _name in items.values()}
    runs = {
        one: (kind == INCOMING, subject)
        for one, kind, subject in _rows(
            tx,
            wanted,
            ProcessInstance.id,
            ProcessInstance.subject_type,
            ProcessInstance.subject_id,
        )
    }
    files = {
        one: (came is not None, came or gone, kind.label(language()))
        for one, came, gone, kind in _rows(
            tx,
            asked.get("file", ()),
            File.id,
            File.incoming_document_id,
            File.outgoing_document_id,
            File.kind,
        )
    }
    belongs = [*runs.values(), *(file[:2] for file in files.values())]
    found: Names = {}
    for entity, came in ((IncomingDocument, True), (OutgoingDocument, False)):
        ids = {key for way, key in belongs if way is came and key is not None}
        found |= _references(tx, entity, ids | asked.get(entity.__tablename__, set()))
    for one, (run, name) in items.items():
        of = found.get(runs[run][1], "") if run in runs else ""
        found[one] = _("«%(step)s», %(document)s", step=name, document=of) if of else name
    found |= {run: found[subject] for run, (_came, subject) in runs.items() if subject in found}
    for one, (_came, subject, kind) in files.items():
        parts = (kind, found.get(subject, ""))
        found[one] = ", ".join(dict.fromkeys(filter(None, parts)))
    return found


def _references(tx: Transaction, entity: Any, ids: set[UUID]) -> Names:
    if not ids:
        return {}
    told = tx.scalars(sa.select(entity).where(entity.id.in_(list(ids))))
    return {one.id: paper.reference(one) for one in told}
