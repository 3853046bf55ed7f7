"""What could not be sent stands on the document and in the clerk's list, with a button to try again."""

from uuid import UUID

import pytest

from records.recipient import Recipient
from records.vocabulary import Delivery

WHY = "Chưa kết nối được trục liên thông"


@pytest.fixture
def unsent(knock, office) -> tuple[str, UUID]:
    """An outgoing document whose sending was given up; its page and the recipient."""
    author = knock("chuyenvien.stttt")
    step = author.send(author.sheet(author.get("/outgoing/new")).fill(subject="gửi không được"))
    with office.database.transaction() as tx:
        document = tx.execute(
            "SELECT i.subject_id, i.agency_id FROM work_item w JOIN process_instance i"
            " ON i.id = w.instance_id WHERE w.id = %s",
            step.headers["Location"].partition("?")[0].rpartition("/")[2],
        ).fetchone()
        assert document is not None
        recipient = tx.add(
            Recipient(
                agency_id=document[1], outgoing_document_id=document[0], name="Sở Nội vụ",
                organ_code="H55.04", delivery=Delivery.FAILED, delivery_reason=WHY,
            )
        )  # fmt: skip
        tx.flush()
        tx.execute(
            "WITH made AS (INSERT INTO job (id, agency_id, kind, payload, state, priority, attempt,"
            " max_attempts) VALUES (gen_random_uuid(), %s, 'send_envelope',"
            " jsonb_build_object('recipient', %s::text), 'failed', 0, 6, 6) RETURNING id)"
            " INSERT INTO incident (id, agency_id, job_id, kind, error)"
            " SELECT gen_random_uuid(), %s, id, 'send_envelope', %s FROM made",
            *(document[1], str(recipient.id), document[1], WHY),
        )
    return f"/outgoing/{document[0]}", recipient.id


def test_the_clerk_finds_it_and_sends_it_again(knock, office, unsent):
    page, recipient_id = unsent
    clerk = knock("vanthu.stttt")
    listed = clerk.get("/outgoing?state=unsent").text
    assert "Chưa gửi được (1)" in listed
    assert page in listed
    shown = clerk.get(page).text
    assert f"Không gửi được tới Sở Nội vụ: {WHY}" in shown
    action = next(p for p in shown.split('"') if p.endswith("/again"))
    author = knock("chuyenvien.stttt")
    assert WHY in author.get(page).text
    assert "/again" not in author.get(page).text
    assert author.post(action).status_code == 403
    assert knock("vanthu.ubnd").post(action).status_code == 404
    done = clerk.follow(clerk.post(action))
    assert "Đang gửi lại tới Sở Nội vụ." in done.text
    with office.database.transaction() as tx:
        assert tx.get(Recipient, recipient_id).delivery is Delivery.PENDING
        assert tx.execute("SELECT state FROM job WHERE kind = 'send_envelope'").fetchone() == (
            "ready",
        )
        tx.execute("DELETE FROM incident")
        tx.execute("DELETE FROM job WHERE kind = 'send_envelope'")
    again = clerk.follow(clerk.post(action))  # pressed twice
    assert "không còn chờ gửi lại" in again.text
    assert "Chưa gửi được (" not in clerk.get("/outgoing").text
