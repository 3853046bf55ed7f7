"""Whom no administrator can help gets a one-time password on the machine, and the journal says so."""

import json
import os
import pwd

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from office.cli import main
from records.account import find_account
from records.journal import JournalLeaf

WANTED = "một câu khác đủ dài 2026"


@pytest.fixture
def command(office):
    def run(*words: str):
        return CliRunner().invoke(
            main, list(words), env={"DATABASE_URL": office.settings.database_url}
        )

    return run


def test_an_operator_who_forgot_gets_in_again(knock, office, command):
    before = knock("vanhanh", fresh=True)
    done = command("reset-password", " VanHanh ")
    assert done.exit_code == 0, done.output
    told, secret = done.stdout.strip().splitlines()
    assert "Mật khẩu dùng một lần của vanhanh, đến " in told
    assert before.get("/operator").status_code == 303, "open sessions end"

    again = knock(fresh=True)
    assert again.log_in("vanhanh").status_code != 303, "the old password is over"
    answer = again.log_in("vanhanh", secret)
    assert answer.headers["Location"] == "/password", "which has to be changed"
    changed = again.post("/password", {"current": secret, "new": WANTED, "again": WANTED})
    assert changed.status_code == 303
    assert again.log_in("vanhanh", WANTED).status_code == 303
    assert again.get("/operator").status_code == 200

    with office.database.transaction() as tx:
        account = find_account(tx, "vanhanh")
        [leaf] = tx.scalars(
            sa.select(JournalLeaf).where(
                JournalLeaf.act == "reset_password", JournalLeaf.object_id == account.id
            )
        )
        said = json.loads(leaf.body)
    assert leaf.agency_id == account.agency_id, "in the journal of its agency"
    assert said["facts"] == {"on_machine": True}
    assert said["name"] == pwd.getpwuid(os.getuid()).pw_name
    assert secret not in leaf.body.decode()


def test_what_cannot_be_reset_is_told_in_both_languages(knock, office, command):
    refused = command("reset-password", "khong-ai")
    assert refused.exit_code == 1
    assert "Không có tài khoản «khong-ai»" in refused.stderr
    assert "There is no account" in refused.stderr

    with office.database.transaction() as tx:
        closed = find_account(tx, "chuyenvien.stttt").id
    assert knock("quantri.stttt").post(f"/accounts/{closed}/disable").status_code == 303
    refused = command("reset-password", "chuyenvien.stttt")
    assert refused.exit_code == 1
    assert "đã khóa" in refused.stderr


def test_an_operator_is_entered_on_the_machine_and_makes_his_account(knock, command):
    done = command("add-operator", "--name", "Vương Gia Huy", "--code", "H55.07")
    assert done.exit_code == 0, done.output
    link = done.stdout.strip().splitlines()[-1]
    newcomer, secret = knock(fresh=True), "một câu đủ dài của người vận hành"
    address = link[link.index("/invitations/") :]
    made = newcomer.post(address, {"username": "huy.vg", "new": secret, "again": secret})
    assert made.status_code == 303
    assert newcomer.log_in("huy.vg", secret).status_code == 303
    assert newcomer.get("/operator").status_code == 200
    assert newcomer.get("/inbox/").status_code == 403, "he keeps it running and reads no documents"


def test_an_operator_needs_an_agency_of_this_installation(command):
    done = command("add-operator", "--name", "Vương Gia Huy", "--code", "H99.99")
    assert done.exit_code == 1
    assert "H99.99" in done.output
