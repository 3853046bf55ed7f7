"""What the axis proves of a message: to its two sides, without what it carried for others."""

import copy
import io
import json
import shutil
import subprocess
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

import pytest
from hub_ground import EDOC, document, open_hub
from story import Story, letter

from exchange.axis_client import AxisClient
from exchange.errors import NotRecognised, RefusedByAxis
from exchange.gateway import Gateway, Outcome
from processes import axis_heads
from processes.delivery.gateway import gateway_of
from processes.evidence.axis_log import checked, own_proof
from processes.evidence.exchange import evidence_of
from processes.evidence.verify import Bundle, check_axis, faults_of
from records import axis_log
from records.transfer import Direction, Packet
from signing.testing import Holder, TsaServer, make_pki
from signing.timestamps import TimestampClient
from signing.trust import load_trust

BODY = document("H55.07", "H55", number=215)
DIGEST = sha256(BODY).hexdigest()


@pytest.fixture(scope="module")
def ground(cluster, template, tmp_path_factory):
    """A hub whose heads are timestamped, one exchange of ours in it among those of others."""
    folder = tmp_path_factory.mktemp("pki")
    pki = make_pki(
        folder, [Holder("a", "A", "B")], [Holder("b", "B")], datetime.now(UTC), "mật khẩu"
    )
    clock = partial(datetime.now, UTC)
    with open_hub(cluster, template) as hub, TsaServer(pki.services.tsa, clock) as server:
        client = TimestampClient(
            [server.url], load_trust(folder / "trust"), clock=clock, timeout=5.0
        )
        means = hub.office.means
        means = replace(means, signing=replace(means.signing, timestamps=client))
        for system, code in (("ubnd", "H55"), ("stttt", "H55.07"), ("stc", "H55.05")):
            hub.admit(system, code)
        other = hub.client("stc", "H55.05")
        other.send(EDOC, document("H55.05", "H55", number=901))
        receipt = hub.client("stttt", "H55.07").send(EDOC, BODY)
        other.send(EDOC, document("H55.05", "H55", number=902))
        receiver = hub.client("ubnd")
        [packet] = [p for p in receiver.list_received(EDOC) if p.sender == "H55.07"]
        receiver.fetch(packet.packet_id)
        hub.chain()
        with hub.database.transaction() as tx:
            axis_heads.post_signing(tx, means)
        hub.work(means)
        receiver.confirm(packet.packet_id, Outcome.DONE)
        hub.chain()
        yield hub, folder, receipt, packet.packet_id


@pytest.fixture(scope="module")
def proof(ground) -> dict[str, Any]:
    hub, _, receipt, _ = ground
    return hub.client("stttt").log_proof(receipt, DIGEST, "H55")


def told(proof: dict[str, Any]) -> list[str]:
    return [json.loads(e["body"])["kind"] for part in proof["parts"] for e in part["entries"]]


def test_both_sides_get_their_entries_and_the_way_to_a_stamped_head(ground, proof):
    hub, _, _, packet_id = ground
    assert list(check_axis(proof, DIGEST)) == []
    assert (told(proof), proof["waiting"]) == (["accepted", "delivered"], 1)
    [part] = proof["parts"]
    assert (part["from"], len(part["links"]), bool(part["timestamp"])) == (2, 3, True)
    assert hub.client("ubnd").log_proof(packet_id, DIGEST, "") == proof


def test_of_the_messages_of_others_nothing_is_told(proof):
    assert "H55.05" not in json.dumps(proof).upper()


def test_nobody_else_gets_it_and_a_stale_call_gets_nothing(ground):
    hub, _, receipt, packet_id = ground
    for wanted in (receipt, packet_id):
        with pytest.raises(RefusedByAxis):
            hub.client("stc").log_proof(wanted, DIGEST, "")
    with pytest.raises(RefusedByAxis):
        hub.client("stttt").log_proof(receipt, "0" * 64, "")
    then = datetime.now(UTC) - timedelta(hours=1)
    late = AxisClient(hub.client("stttt")._connection, lambda: then)
    assert late.list_received(EDOC) == []  # the adapter's own calls are served
    with pytest.raises(NotRecognised):
        late.log_proof(receipt, DIGEST, "")


def changed(proof: dict[str, Any], path: str) -> dict[str, Any]:
    """A proof with one sign of one of its values changed."""
    made = copy.deepcopy(proof)
    place: Any = made["parts"][0]
    *way, last = (int(key) if key.isdigit() else key for key in path.split("."))
    for key in way:
        place = place[key]
    text = place[last]
    at = len(text) // 2 if "." in path or last != "head" else text.index('"hash"') + 10
    place[last] = f"{text[:at]}{'1' if text[at] != '1' else '2'}{text[at + 1 :]}"
    return made


FAULTS = {
    "entries.0.body": "mục 2",
    "links.0": "mục 2",
    "links.1": "không dẫn tới đầu chuỗi",
    "previous": "không dẫn tới đầu chuỗi",
    "head": "chữ ký đầu chuỗi không đúng",
    "value": "chữ ký đầu chuỗi không đúng",
    "key": "chữ ký đầu chuỗi không đúng",
}


@pytest.mark.parametrize("path", FAULTS)
def test_one_changed_sign_is_named(proof, path):
    found = list(check_axis(changed(proof, path), DIGEST))
    assert any(FAULTS[path] in fault for fault in found), found
    assert checked(changed(proof, path), DIGEST)["parts"] == []


def test_entries_of_another_message_and_stamps_of_another_head_are_named(proof):
    [fault, *_] = check_axis(proof, "0" * 64)
    assert "của gói tin khác" in fault
    other = copy.deepcopy(proof)
    stamp, value = other["parts"][0]["timestamp"], other["parts"][0]["value"]
    digest = sha256(bytes.fromhex(value)).hexdigest()
    assert digest in stamp
    other["parts"][0]["timestamp"] = stamp.replace(digest, "0" * 64)
    assert ["dấu thời gian" in fault for fault in check_axis(other, DIGEST)] == [True]


@pytest.mark.openssl
@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the program of OpenSSL")
def test_openssl_agrees_with_the_timestamp(ground, proof, tmp_path):
    _, folder, _, _ = ground
    [part] = proof["parts"]
    (tmp_path / "h.sig").write_bytes(bytes.fromhex(part["value"]))
    (tmp_path / "h.tst").write_bytes(bytes.fromhex(part["timestamp"]))
    roots = b"".join(p.read_bytes() for p in sorted((folder / "trust").rglob("*.pem")))
    (tmp_path / "ca.pem").write_bytes(roots)
    words = ["-data", "h.sig", "-in", "h.tst", "-token_in", "-CAfile", "ca.pem"]

    def check() -> int:
        command = ["openssl", "ts", "-verify", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode

    assert check() == 0
    (tmp_path / "h.sig").write_bytes(b"x")
    assert check() != 0


# in the evidence of an exchange ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def sent(story_office: Story) -> Packet:
    story = story_office
    wanted = letter(story, subject="chứng minh của trục", to=("UBND",))
    story.work()
    with story.office.database.transaction() as tx:
        axis_log.chain(tx)
        axis_heads.post_signing(tx, story.means)
    story.work(poll=False)
    return story.one(
        Packet, Packet.outgoing_document_id == wanted, Packet.direction == Direction.OUT
    )


def evidence(story: Story, packet: Packet, agency: str = "STTTT") -> bytes:
    def transaction():
        return story.as_("thanhtra", agency)

    return evidence_of(transaction, story.office.database, story.means, packet.id).content


def log_in(content: bytes, tmp_path) -> dict[str, Any]:
    (tmp_path / "b.asice").write_bytes(content)
    assert list(faults_of(Bundle(tmp_path / "b.asice"), "")) == []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return json.loads(archive.read("axis-log.json"))


def test_our_own_axis_is_in_the_evidence(story_office, sent, tmp_path):
    log = log_in(evidence(story_office, sent), tmp_path)
    assert (told(log), log["why"]) == (["accepted", "delivered", "confirmed"], "")
    came = (Packet.direction == Direction.IN, Packet.sha256 == sent.sha256)
    log = log_in(evidence(story_office, story_office.one(Packet, *came), "UBND"), tmp_path)
    assert told(log) == ["accepted", "delivered", "confirmed"]


def test_an_axis_of_ours_elsewhere_is_asked(story_office, sent, tmp_path):
    """The same axis over HTTP, as another installation reaches it."""

    def road(agency_id, code) -> Gateway:
        return gateway_of(story_office.means, agency_id, code)

    with story_office.reopened(gateway=road) as story:
        assert told(log_in(evidence(story, sent), tmp_path)) == [
            "accepted", "delivered", "confirmed",
        ]  # fmt: skip


class Plain:
    """A plain axis: it knows nothing of proofs; or one that lies."""

    def __init__(self, **more: Any) -> None:
        self.__dict__.update(more)


def test_a_plain_axis_is_left_out_with_a_word_and_a_wrong_proof_too(story_office, sent, tmp_path):
    with story_office.reopened(gateway=lambda *_: Plain()) as story:  # type: ignore[arg-type]
        log = log_in(evidence(story, sent), tmp_path)
    assert (log["parts"], "không cung cấp chứng minh" in log["why"]) == ([], True)
    with story_office.as_("giamdoc.stttt") as tx:
        good = dict(own_proof(tx, sent))
    lie = changed(good, "links.0")
    liar = Plain(log_proof=lambda *_: lie)
    with story_office.reopened(gateway=lambda *_: liar) as story:  # type: ignore[arg-type]
        log = log_in(evidence(story, sent), tmp_path)
    assert (log["parts"], "không đúng" in log["why"]) == ([], True)
