"""The page of a document says how its signatures are kept provable, and hands the proofs out."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import lxml.html
import pytest
from flask import Flask

from office.office import Office
from records import keeping
from records.content import File
from records.keeping import ProofStep
from records.vocabulary import Authenticity
from web.app import create_app

NOW = datetime(2026, 11, 25, 2, 30, tzinfo=UTC)
AUTHORITY = "Dấu thời gian thử nghiệm"


@pytest.fixture(scope="module")
def stamping(office: Office) -> Office:
    """The same office where an authority is configured; nobody asks it here."""
    told = replace(office.settings, tsa_urls=("http://127.0.0.1:9/",))
    opened = Office.open(told)
    yield opened
    opened.database.dispose()


@pytest.fixture(scope="module")
def app(stamping: Office) -> Flask:
    return create_app(stamping)


@pytest.fixture(scope="module")
def clerk(knock):
    return knock("vanthu.stttt")


@pytest.fixture(scope="module")
def page(clerk) -> str:
    """A paper document with its scan; the address of its page."""
    step = clerk.receive("đề nghị lưu giữ chữ ký số")
    return re.search(r'href="(/incoming/[0-9a-f-]{36})"', clerk.get(step).text)[1]


def facts(clerk, page: str, **more) -> str:
    shown = lxml.html.fromstring(clerk.get(page, **more).data.decode())
    [card] = shown.xpath("//section[@aria-labelledby='h-facts']")
    return " ".join(" ".join(card.itertext()).split())


def test_the_page_tells_of_proofs_and_what_failed(stamping, clerk, page):
    assert "ằng chứng" not in facts(clerk, page)
    file_id = UUID(re.search(r"/files/([0-9a-f-]{36})", clerk.get(page).text)[1])
    stored = stamping.means.content.read
    with stamping.database.transaction() as tx:
        file = tx.get(File, file_id)
        keeping.take_in(tx, file, Authenticity.VALID)
    assert "Lần bổ sung bằng chứng tiếp theo" in facts(clerk, page)
    plain = clerk.get(f"/files/{file_id}?proofs=1")
    assert plain.data == stored(file.sha256)
    proven = stamping.means.content.put(plain.data + b"\n")
    with stamping.database.transaction() as tx:
        kept = keeping.keeping_of(tx, file)
        kept.sha256, kept.size, kept.due_at = proven.sha256, proven.size, NOW + timedelta(days=9)
        tx.add(
            ProofStep(
                agency_id=file.agency_id,
                file_id=file.id,
                step="evidence",
                made_at=NOW,
                sha256_before=file.sha256,
                sha256_after=proven.sha256,
                tsa_url="http://127.0.0.1:9/",
                tsa_name=AUTHORITY,
                tsa_serial="1f",
                stamped_at=NOW,
                tsa_valid_until=NOW + timedelta(days=900),
            )
        )
    said = facts(clerk, page)
    assert f"{AUTHORITY} xác nhận thời gian 25/11/2026 09:30:00" in said
    assert "Lần bổ sung bằng chứng tiếp theo 04/12/2026 09:30:00" in said
    assert f"/files/{file_id}?proofs=1" in clerk.get(page).text
    assert clerk.get(f"/files/{file_id}?proofs=1").data == stored(proven.sha256)
    assert clerk.get(f"/files/{file_id}").data == stored(file.sha256)
    with stamping.database.transaction() as tx:
        kept = keeping.keeping_of(tx, file)
        kept.last_error = "Không lấy được dấu thời gian: máy chủ không nhận kết nối."
    said = facts(clerk, page)
    assert "Chưa bổ sung được bằng chứng Không lấy được dấu thời gian" in said
    assert "tiếp theo" not in said


def test_others_get_no_proofs_either(knock, clerk, page):
    file_id = re.search(r"/files/([0-9a-f-]{36})", clerk.get(page).text)[1]
    assert knock("vanthu.ubnd").get(f"/files/{file_id}?proofs=1").status_code in {403, 404}
