"""Everything a message can hold, as strategies for hypothesis."""

import unicodedata
from datetime import date, datetime, timedelta, timezone

from hypothesis import strategies as st

from exchange.clock import VIETNAM
from exchange.document_type import GROUP_B, DocumentType, document_type
from exchange.envelope import (
    Attachment,
    Business,
    BusinessType,
    Code,
    Envelope,
    Party,
    Priority,
    ReceiverChange,
    Replacement,
    ResponseFor,
    Signer,
    Staff,
    TraceHop,
)
from exchange.status import StatusCode, StatusMessage

T_NAIVE = datetime(1990, 1, 1)  # noqa: DTZ001 - hypothesis takes bounds without a zone
LETTERS = "aăâbcdđeêghiklmnoôơpqrstuưvxyÁẮẤĐỆỐỜỦỮỵ0123456789 .,-/<>&\"'\n"


def words(least: int = 0, most: int = 40):
    alphabet = st.one_of(
        st.sampled_from(LETTERS),
        st.characters(
            codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"
        ),
    )
    texts = st.text(alphabet, max_size=most).map(lambda s: unicodedata.normalize("NFC", s).strip())
    return texts.filter(lambda s: least <= len(s) <= most)


ORGAN = st.from_regex(r"[A-Z][0-9]{2}(\.[0-9A-Z]{2,3}){0,3}", fullmatch=True)
MOMENT = st.datetimes(T_NAIVE, T_NAIVE.replace(year=2100)).map(
    lambda at: at.replace(microsecond=0, tzinfo=VIETNAM)
)
DAY = st.dates(date(1900, 1, 1), date(9999, 12, 31))
PARTY = st.builds(
    Party, ORGAN, words(1), words(), words(), words(), words(0, 20), words(0, 20), words()
)
STAFF = st.none() | st.builds(Staff, words(1), words(), words(), words(), words(), words())
RESPONSE = st.builds(ResponseFor, ORGAN, words(1), st.none() | DAY, words())
FILE_NAME = st.from_regex(
    r"[a-zđê][a-z ]{0,10}[a-z](\.pdf|\.doc|\.docx|\.zip|\.xlsx|\.bin|)", fullmatch=True
)
FILE_BYTES = st.binary(min_size=1, max_size=200) | st.sampled_from([b"PK\x03\x04", b"%PDF-1.7"])
FILES = st.lists(
    st.builds(Attachment.of, FILE_NAME, FILE_BYTES, words()),
    max_size=3,
    unique_by=lambda attachment: attachment.content_id,
).map(tuple)
REASON = words(1)
CHANGE = st.builds(ReceiverChange, ORGAN, added=st.booleans())
REPLACEMENT = st.builds(Replacement, words(1), st.lists(ORGAN, min_size=1, max_size=3).map(tuple))
BESIDE = {"paper": st.booleans(), "document_id": words(), "staff": STAFF}
BUSINESS = st.one_of(
    st.builds(Business, reason=words(), **BESIDE),
    st.builds(Business, st.just(BusinessType.RECALL), REASON, **BESIDE),
    st.builds(
        Business, st.just(BusinessType.UPDATE), REASON, **BESIDE,
        content_changed=st.booleans(), receivers_changed=st.booleans(),
        receiver_changes=st.lists(CHANGE, max_size=3).map(tuple),
    ),
    st.builds(
        Business, st.just(BusinessType.REPLACE), REASON, **BESIDE,
        replacements=st.lists(REPLACEMENT, min_size=1, max_size=3).map(tuple),
    ),
)  # fmt: skip
ENVELOPE = st.builds(
    Envelope,
    sender=PARTY,
    receivers=st.lists(PARTY, min_size=1, max_size=4, unique_by=lambda p: p.organ_id.upper()).map(
        tuple
    ),
    code=st.builds(Code, words(1, 11), words(1, 30)),
    promulgated_on=st.dates(date(1900, 1, 1), date(2026, 11, 20)),
    document_type=(words(1) | st.sampled_from(sorted(GROUP_B.values()))).map(document_type)
    | st.builds(DocumentType, words(1), st.from_regex(r"[0-9]{1,3}", fullmatch=True), words()),
    subject=words(1, 100),
    document_id=words(1),
    promulgated_at=words(),
    content=words(),
    signer=st.none() | st.builds(Signer, words(1), words(), words()),
    due_on=st.none() | DAY,
    to_places=st.lists(words(1), max_size=3).map(tuple),
    priority=st.sampled_from(Priority),
    sphere=words(),
    typist=words(0, 10),
    copies=st.none() | st.integers(0, 65_535),
    pages=st.none() | st.integers(0, 65_535),
    appendixes=st.lists(words(1), max_size=3).map(tuple),
    responses=st.lists(RESPONSE, max_size=3).map(tuple),
    steering=st.integers(0, 65_535),
    response_for_task=words(),
    application_type=words(),
    trace=st.lists(st.builds(TraceHop, ORGAN | st.just(""), st.none() | MOMENT), max_size=3).map(
        tuple
    ),
    business=BUSINESS,
    attachments=FILES,
)
STATUS = st.builds(
    StatusMessage,
    sender=PARTY,
    response=st.builds(ResponseFor, ORGAN, words(1), st.none() | DAY, words(1)),
    code=st.sampled_from(StatusCode),
    at=MOMENT.map(lambda at: at.astimezone(timezone(timedelta(hours=-3)))),
    description=words(1),
    staff=STAFF,
)
