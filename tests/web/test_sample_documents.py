"""`congvan sample` fills the demonstration's inboxes by the ordinary verbs, once, and nothing else's."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from engine import history
from engine.database import Database
from engine.instance import ProcessInstance
from engine.work_item import ItemStatus, WorkItem
from office import demo, migrate, sample
from office.cli import main
from office.sample_documents import ARRIVED, WRITTEN
from office.settings import Mode
from records import seal


@pytest.fixture(scope="module")
def told(office):
    """What the command said of the module's demonstration, once it was given the right password."""
    where = {
        "DATABASE_URL": office.settings.database_url,
        "CONGVAN_DATA": str(office.settings.data),
        "CONGVAN_DEMO_PASSWORD": office.settings.demo_password,
    }
    wrong = {**where, "CONGVAN_DEMO_PASSWORD": "mot-cau-khac-hoan-toan"}
    refused = CliRunner().invoke(main, ["sample"], env=wrong)
    assert refused.exit_code == 1
    assert "CONGVAN_DEMO_PASSWORD" in refused.output
    return [CliRunner().invoke(main, ["sample"], env=where) for _ in range(2)]


def test_it_tells_how_many_and_loads_them_once(told):
    first, second = told
    assert first.exit_code == 0, first.output
    assert f"Đã nạp {len(ARRIVED) + len(WRITTEN)} văn bản mẫu" in first.stdout
    assert second.exit_code == 1
    assert "đã có văn bản mẫu" in second.stderr


@pytest.mark.parametrize(
    ("who", "subjects"),
    [
        ("vanthu.stttt", ["mời dự hội nghị", "điều chỉnh thời gian phát", "cung cấp số liệu"]),
        ("giamdoc.stttt", ["ứng phó mưa lũ", "lấy ý kiến dự thảo", "phối hợp tập huấn"]),
        ("truongphong.stttt", ["dịp nghỉ Tết", "hướng dẫn kết nối", "hướng dẫn gửi, nhận"]),
        ("chuyenvien.stttt", ["rà soát kinh phí", "triển khai chữ ký số"]),
        ("chanvp.stttt", ["lịch bảo trì"]),
        ("truongphong.ttbc", ["triển khai chữ ký số"]),
        ("chutich", ["nộp lưu hồ sơ điện tử", "chính quyền điện tử"]),
        ("truongphong.vx", ["Tổ công tác chuyển đổi số"]),
        ("vanthu.ubnd", ["hiến máu"]),
    ],
)
def test_the_inboxes_of_many_are_full(told, knock, who, subjects):
    page = knock(who).get("/inbox/").text
    for subject in subjects:
        assert subject in page


def test_one_is_late_and_one_came_twice(told, knock, office):
    assert "rà soát kinh phí" in knock("chuyenvien.stttt").get("/inbox/overdue").text
    with office.database.transaction() as tx:
        late = tx.scalars(
            sa.select(WorkItem).where(
                WorkItem.status == ItemStatus.OPEN.value,
                WorkItem.verb == "process",
                WorkItem.due_at < datetime.now(UTC),
            )
        )
    assert len(late) == 1
    clerk = knock("vanthu.stttt")
    found = clerk.get("/search", query_string={"q": "2874/STC"}).text
    assert found.count("2874/STC-QLNS") == 2


def test_what_it_wrote_holds_like_any_work(told, office):
    with office.database.transaction() as tx:
        seal.seal(tx)
    with office.database.session() as session:
        assert seal.verify(session).holds
        instances = list(session.scalars(sa.select(ProcessInstance)))
        assert [one for one in instances if history.verify(session, one) is not None] == []
    assert len(instances) == len(ARRIVED) + len(WRITTEN)


def test_it_is_refused_where_there_is_no_demonstration(fresh_database: Database, office):
    migrate.upgrade(fresh_database.url)
    empty = replace(office.settings, database_url=fresh_database.url)
    with pytest.raises(sample.NotTheDemonstration):
        sample.load_samples(empty)
    with pytest.raises(demo.NotADemo):
        sample.load_samples(replace(empty, mode=Mode.PRODUCTION))
