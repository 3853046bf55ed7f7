"""Keys where they are registered, the log of the agency's key, and signing many with one PIN."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from story import PASSWORD, Story, incoming_letter, letter, today

from processes import work_items
from processes.batch import BatchTooLarge, SignedHow, ToSign, sign_batch
from processes.keys import KeyAtTheDesk, OtherKey, UseWithoutOrder
from processes.work_items import CompleteItem
from records.authority import NoRight
from records.key_custody import BadHandover, KeyUse, KeyUseOutcome, hand_over, handovers
from records.keystore import (
    Certificate,
    CertificateOutOfTerm,
    KeyKind,
    keystore_of,
    register_keystore,
)
from records.organization import Officer
from records.vocabulary import OutgoingStatus
from signing.errors import KeystoreRefused
from signing.keystores.errors import TokenGone, WrongPin
from signing.testing.soft_token import soft_library, soft_tokens

PIN = "token-pin-188"


@pytest.fixture(scope="module")
def story(story_office: Story) -> Story:
    return story_office


def keystore_file(story: Story, owner: UUID) -> bytes:
    return (story.office.settings.data / "signing" / "keystores" / f"{owner}.p12").read_bytes()


def register(story: Story, owner: UUID, kind: KeyKind, place=None, **changes):
    """Register the key that the demonstration made for `owner`, as the administrator."""
    _, certificate, _ = pkcs12.load_key_and_certificates(
        keystore_file(story, owner), PASSWORD.encode()
    )
    registered = Certificate(
        certificate.public_bytes(Encoding.DER),
        "Sở TT&TT",
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )
    registered = replace(registered, **changes)
    with story.as_("quantri.stttt") as tx:
        return register_keystore(
            tx, owner, kind, label="khóa", certificate=registered, place=place or {}
        )


def uses(story: Story, document: UUID) -> list[KeyUse]:
    """The rows of a document, without beginnings whose outcome is known."""
    rows = sorted(story.all(KeyUse, KeyUse.document_id == document), key=lambda one: one.id)
    known = {one.begun_id for one in rows}
    return [one for one in rows if one.id not in known]


def test_each_use_of_the_agency_s_key_is_written_down(story):
    document = letter(story, "issue")
    number, seal = uses(story, document)
    signed = story.outgoing(document)
    assert (number.purpose, seal.purpose) == ("number", "seal")
    assert {one.outcome for one in (number, seal)} == {KeyUseOutcome.SIGNED}
    assert seal.ordered_by == signed.signer_name
    assert seal.ordered_by_id == signed.signatory_id
    assert seal.by_name == story.login("vanthu.stttt").name
    # what was signed is the file as it stood before: the one the number was signed into
    files = story.rows(
        "SELECT version_no, sha256 FROM file WHERE outgoing_document_id = %s AND kind = 'signed'",
        document,
    )
    assert dict(files)[2] == seal.digest == number.signed_digest
    assert dict(files)[3] == seal.signed_digest
    attested = story.value(
        "SELECT count(*) FROM journal_leaf WHERE act = 'use_agency_key' AND object_id = %s", seal.id
    )
    assert attested == 1


def test_a_refused_use_is_written_down_though_the_step_is_lost(story):
    document = letter(story, "number")
    with pytest.raises(KeystoreRefused):
        story.do("vanthu.stttt", "number", of=document, pin="sai")
    (refused,) = uses(story, document)
    assert (refused.outcome, refused.reason) == (KeyUseOutcome.REFUSED, "keystore-refused")
    assert refused.by_name == story.login("vanthu.stttt").name
    assert story.outgoing(document).serial_number is None


def test_a_signature_whose_step_was_lost_is_written_down_as_not_kept(story):
    document = letter(story, "number")
    (item,) = story.items("vanthu.stttt", "number", document)
    command = CompleteItem(item.id, item.version, {"pin": PASSWORD})

    def lost() -> None:
        with story.as_("vanthu.stttt") as tx:
            work_items.complete(tx, story.means, command)
            raise RuntimeError("the lights go out")

    with pytest.raises(RuntimeError, match="lights"):
        lost()
    (lost_use,) = uses(story, document)
    assert (lost_use.outcome, lost_use.signed_digest) == (KeyUseOutcome.NOT_KEPT, "")
    story.do("vanthu.stttt", "number", of=document, pin=PASSWORD)
    assert [one.outcome for one in uses(story, document)][1:] == [KeyUseOutcome.SIGNED]


def test_the_agency_s_key_does_not_open_without_an_order(story):
    """A verb that forgets the order signs nothing, be the key registered or not."""
    agency = story.agency("STTTT")
    with story.as_("vanthu.stttt") as tx, pytest.raises(UseWithoutOrder):
        story.means.signing.open_keystore(tx, agency, PASSWORD)
    officer = UUID(story.officer("giamdoc.stttt"))
    with story.as_("giamdoc.stttt") as tx:
        story.means.signing.open_keystore(tx, officer, PASSWORD).close()


def test_the_log_is_only_added_to(story):
    document = letter(story, "register")
    for statement in ("UPDATE key_use SET outcome = 'refused'", "DELETE FROM key_use"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            story.run_sql(statement)
    assert [one.outcome for one in uses(story, document)] == [KeyUseOutcome.SIGNED]
    with story.as_("vanthu.ubnd") as tx:
        assert tx.execute(
            "SELECT count(*) FROM key_use WHERE document_id = %s", document
        ).fetchone() == (0,)


@pytest.mark.token
def test_a_registered_token_signs_and_its_absence_is_written_down(story, tmp_path):
    library = soft_library()
    if library is None:
        pytest.skip("needs SoftHSM: apt install softhsm2")
    agency = story.agency("STTTT")
    place = {"library": library, "token": "con-dau", "label": "khóa"}
    register(story, agency, KeyKind.PKCS11, place=place)
    try:
        with soft_tokens(tmp_path, library) as tokens:
            tokens.make("con-dau", PIN)
            tokens.put("con-dau", PIN, keystore_file(story, agency), PASSWORD, label="khóa")
            document = letter(story, "number")
            with pytest.raises(WrongPin):
                story.do("vanthu.stttt", "number", of=document, pin=PASSWORD)
            story.do("vanthu.stttt", "number", of=document, pin=PIN)
            story.do("vanthu.stttt", "register", of=document, issue_form="electronic")
            tokens.pull_out()
            with pytest.raises(TokenGone):
                story.do("vanthu.stttt", "seal", of=document, confirm=True, pin=PIN)
            tokens.put_back()
            story.do("vanthu.stttt", "seal", of=document, confirm=True, pin=PIN)
        assert [(one.outcome.value, one.reason) for one in uses(story, document)] == [
            ("refused", "wrong-pin"),
            ("signed", ""),
            ("refused", "token-gone"),
            ("signed", ""),
        ]
        text = " ".join(str(row) for row in story.rows("SELECT * FROM key_use, keystore"))
        assert PIN not in text + story.journal_text()
    finally:
        register(story, agency, KeyKind.PKCS12)


def test_a_key_is_that_of_the_registered_certificate(story):
    agency, officer = story.agency("STTTT"), UUID(story.officer("giamdoc.stttt"))
    other = register(story, agency, KeyKind.PKCS12).certificate
    try:
        register(story, officer, KeyKind.PKCS12, der=other)
        with story.as_("giamdoc.stttt") as tx, pytest.raises(OtherKey):
            story.means.signing.open_keystore(tx, officer, PASSWORD)
        register(story, officer, KeyKind.DESKTOP)
        with story.as_("giamdoc.stttt") as tx, pytest.raises(KeyAtTheDesk):
            story.means.signing.open_keystore(tx, officer, PASSWORD)
    finally:
        mine = register(story, officer, KeyKind.PKCS12)
    with story.as_("giamdoc.stttt") as tx:
        assert keystore_of(tx, officer).id == mine.id
        assert not mine.ends_soon(tx.now)
        assert mine.ends_soon(mine.valid_until - timedelta(days=29))
        story.means.signing.open_keystore(tx, officer, PASSWORD).close()
    columns = story.rows(
        "SELECT string_agg(column_name, ' ') FROM information_schema.columns WHERE table_name = 'keystore'"
    )
    assert "private" not in columns[0][0]


def test_who_may_not_and_what_may_not_be_registered(story):
    officer = UUID(story.officer("giamdoc.stttt"))
    certificate = x509.load_der_x509_certificate(
        register(story, officer, KeyKind.PKCS12).certificate
    )
    with pytest.raises(CertificateOutOfTerm):
        register(story, officer, KeyKind.PKCS12, valid_until=certificate.not_valid_before_utc)
    with story.as_("giamdoc.stttt") as tx, pytest.raises(NoRight):
        register_keystore(
            tx,
            officer,
            KeyKind.PKCS12,
            label="",
            certificate=Certificate(b"", "", tx.now, tx.now + timedelta(days=1)),
            place={},
        )


def test_the_key_is_handed_over_with_a_record(story):
    with story.as_("quantri.stttt") as tx:
        clerk = tx.get(Officer, UUID(story.officer("vanthu.stttt")))
        hand_over(tx, clerk, received_on=today(), record="Biên bản số 05/BB-VP")
        tx.flush()
        for day, record in ((today(), " "), (today() + timedelta(days=1), "06/BB-VP")):
            with pytest.raises(BadHandover):
                hand_over(tx, clerk, received_on=day, record=record)
        (held,) = handovers(tx)
        assert (held.holder_name, held.record) == (clerk.full_name, "Biên bản số 05/BB-VP")
        with pytest.raises(BadHandover):
            hand_over(tx, clerk, received_on=today() - timedelta(days=1), record="04/BB-VP")


# a batch ---------------------------------------------------------------------------------------


def chosen(story: Story, *documents: UUID) -> list[ToSign]:
    items = {one.instance_id: one for one in story.items("giamdoc.stttt", "sign")}
    return [
        ToSign(items[story.instance(document).id].id, items[story.instance(document).id].version)
        for document in documents
    ]


def signing(story: Story, items, pin=PASSWORD, user="giamdoc.stttt"):
    return sign_batch(lambda: story.as_(user), story.means, items, pin)


def hows(results) -> list[str]:
    return [(one.how.value, one.error.code if one.error else "") for one in results]


def test_many_are_signed_with_one_pin_and_each_is_told(story):
    first, changed, last = (letter(story, "sign") for _ in range(3))
    items = chosen(story, first, changed, last)
    items[1] = ToSign(items[1].item_id, items[1].version + 1)
    assert hows(signing(story, items)) == [("signed", ""), ("refused", "stale"), ("signed", "")]
    assert story.outgoing(first).status is OutgoingStatus.SIGNED
    assert story.outgoing(changed).signed_at is None
    # the same batch once more: nobody signs twice
    again = chosen(story, changed)
    assert hows(signing(story, [items[0], *again, items[2]])) == [
        ("already", ""),
        ("signed", ""),
        ("already", ""),
    ]
    for document in (first, changed, last):
        assert (
            story.value(
                "SELECT count(*) FROM file WHERE outgoing_document_id = %s AND kind = 'signed'",
                document,
            )
            == 1
        )


def test_a_wrong_pin_stops_the_batch_at_once(story):
    documents = [letter(story, "sign") for _ in range(2)]
    items = chosen(story, *documents)
    assert hows(signing(story, items, pin="sai")) == [
        ("refused", "keystore-refused"),
        ("not_tried", "keystore-refused"),
    ]
    assert hows(signing(story, items)) == [("signed", "")] * 2


def test_a_batch_broken_off_goes_on_with_what_is_left(story):
    documents = [letter(story, "sign") for _ in range(3)]
    items = chosen(story, *documents)
    broken = signing(story, items)
    assert next(broken).how is SignedHow.SIGNED
    broken.close()  # the server falls over here
    assert [story.outgoing(one).signed_at is None for one in documents] == [False, True, True]
    assert [one.how for one in signing(story, items)] == [
        SignedHow.ALREADY,
        SignedHow.SIGNED,
        SignedHow.SIGNED,
    ]


def test_a_batch_signs_what_waits_for_this_signature_only(story):
    document = letter(story, "number")
    (numbering,) = story.items("vanthu.stttt", "number", document)
    steps = [ToSign(numbering.id, numbering.version)]
    with pytest.raises(NoRight):
        signing(story, steps, user="vanthu.stttt")
    incoming_letter(story, "direct")
    (directing, *_) = story.items("giamdoc.stttt", "direct")
    steps = [ToSign(directing.id, directing.version)]
    assert hows(signing(story, steps)) == [("refused", "not-a-signing-step")]
    with pytest.raises(BatchTooLarge):
        signing(story, [])
    others = chosen(story, letter(story, "sign"))
    assert hows(signing(story, others, user="chutich")) == [("refused", "not-found")]


@pytest.mark.token
def test_a_token_pulled_out_stops_the_batch_and_it_goes_on(story, tmp_path):
    library = soft_library()
    if library is None:
        pytest.skip("needs SoftHSM: apt install softhsm2")
    officer = UUID(story.officer("giamdoc.stttt"))
    place = {"library": library, "token": "giam-doc", "label": "khóa"}
    register(story, officer, KeyKind.PKCS11, place=place)
    try:
        with soft_tokens(tmp_path, library) as tokens:
            tokens.make("giam-doc", PIN)
            tokens.put("giam-doc", PIN, keystore_file(story, officer), PASSWORD, label="khóa")
            items = chosen(story, *(letter(story, "sign") for _ in range(3)))
            going = signing(story, items, pin=PIN)
            assert next(going).how is SignedHow.SIGNED
            tokens.pull_out()
            assert hows(going) == [("refused", "token-gone"), ("not_tried", "token-gone")]
            tokens.put_back()
            assert [one.how.value for one in signing(story, items, pin=PIN)] == [
                "already",
                "signed",
                "signed",
            ]
    finally:
        register(story, officer, KeyKind.PKCS12)
    assert sha256(b"").hexdigest() not in {one.digest for one in story.all(KeyUse)}
