"""`congvan axis conformance`: passes a sound axis and finds a planted defect, over real HTTP."""

import json
import re
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from click.testing import CliRunner
from stand_ins import reply, serve

from exchange.axis import Axis
from exchange.axis_store import PacketState
from exchange.memory_store import MemoryStore
from office.cli import main
from office.conformance_command import cases

SECRET = "khoa-cua-he-thong"


class Sound:
    """An axis of two systems, served as an adapter is."""

    def __init__(self, store=None):
        self.store = store or MemoryStore()
        # deployed clients set their time once; an axis that is sound takes it
        self.axis = Axis(self.store, window=timedelta(days=1))
        for system in ("ubnd", "stttt"):
            self.axis.admit_system(system, SECRET)
        self.axis.admit_agency("stttt", "H55.07", "Sở Thông tin và Truyền thông")
        self.axis.admit_agency("stttt", "H55.07.01", "Trung tâm")
        self.axis.admit_agency("ubnd", "H55", "UBND tỉnh", ("000.00.00.H55",))

    def __call__(self, handler, body):
        operation = handler.path.rpartition("/")[2]
        answer = self.answer(operation, dict(handler.headers.items()), body)
        reply(handler, *answer)

    def answer(self, operation, headers, body):
        response = self.axis.handle(operation, headers, body)
        return response.status, response.body


class TakesRepeats(Sound):
    """Each send is another one."""

    def __init__(self):
        class Store(MemoryStore):
            def keep(self, sending, packets, data):
                fresh = replace(sending, keys=(sending.sending_id,))
                return super().keep(fresh, packets, data)

            def known(self, *_):
                return None, []

        super().__init__(Store())


class Forgets(Sound):
    """What is fetched is gone, confirmed or not."""

    def answer(self, operation, headers, body):
        status, data = super().answer(operation, headers, body)
        names = {name.lower(): value for name, value in headers.items()}
        packet = self.store.packet(names.get("xroadvnpt-docid", ""))
        if operation == "getEdoc" and packet is not None:
            self.store.put_packet(replace(packet, state=PacketState.DONE))
        return status, data


class Rewrites(Sound):
    """Passes on other bytes than it was given."""

    def answer(self, operation, headers, body):
        status, data = super().answer(operation, headers, body)
        if operation == "downloadEdoc":
            return status, data.lower()
        told = json.loads(data)
        if operation == "getEdoc" and told["status"] == "OK":
            told["data"] = "PD94bWw" + told["data"][7:-4]
        return status, json.dumps(told).encode()


class Trusts(Sound):
    """Looks at no signature of the body."""

    def answer(self, operation, headers, body):
        status, data = super().answer(operation, headers, body)
        if b'"ErrorCode": "15"' in data:
            return 200, b'{"status":"OK","ErrorCode":"0","data":[],"DocId":"x"}'
        return status, data


class Breaks(Sound):
    """Answers what it does not understand with a page of its server."""

    def answer(self, operation, headers, body):
        status, data = super().answer(operation, headers, body)
        return (status, data) if status == 200 and b"FAIL" not in data else (500, b"<html>Error")


class ByTheLetter(Sound):
    """Demands the very digest of the very body of every call, and of each call its method."""

    def answer(self, operation, headers, body):
        names = {name.lower(): value for name, value in headers.items()}
        stated = names.get("xroadvnpt-hash-file", "")
        if (body or stated) and stated != sha256(body).hexdigest():
            return 401, b'{"status":"FAIL","ErrorCode":"15"}'
        if operation == "downloadEdoc":
            _, data = super().answer("getEdoc", headers, body)
            return 200, data
        status, data = super().answer(operation, headers, body)
        return status, data.replace(b', "DocId": ""', b"").replace(b'"count"', b'"total"')


class Strict(Sound):
    """Takes no timestamp that is minutes old."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def answer(self, operation, headers, body):
        stated = headers.get("XroadVnpt-hash-header")
        if stated in self.seen:
            return 401, b'{"status":"FAIL","ErrorCode":"15"}'
        self.seen.add(stated)
        return super().answer(operation, headers, body)


@pytest.fixture
def conformance(tmp_path):
    """Run the command against an axis; returns how it ended and its output."""
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")

    @contextmanager
    def served(axis):
        with serve(axis) as (address, _):
            yield f"{address}/XrdAdapter/adapter"

    def run(axis, *words, to=True):
        told = ["--to-system-id", "ubnd", "--to-secret-file", str(secret)] if to else []
        with served(axis) as url:
            done = CliRunner().invoke(
                main,
                ["axis", "conformance", url, "--system-id", "stttt", "--secret-file", str(secret),
                 "--large", "1", *told, *words],
            )  # fmt: skip
        assert SECRET not in done.output
        return done

    return run


def results(done):
    return {case["number"]: case["result"] for case in json.loads(done.output)["cases"]}


def test_a_sound_axis_passes_every_case(conformance):
    axis = Sound()
    done = conformance(axis, "--json")
    told = json.loads(done.output)
    assert {n: r for n, r in results(done).items() if r != "passed"} == {}
    assert (done.exit_code, told["is_conformant"]) == (0, True)
    assert (told["from"], told["to"]) == ("H55.07", "H55")  # as the axis itself tells
    assert [case["number"] for case in told["cases"]] == [case.number for case in cases()]
    assert len(told["cases"]) > 30
    # what was sent is confirmed: nobody finds trial messages waiting
    assert {p.state for p in axis.store._packets.values()} <= {PacketState.DONE, PacketState.FAIL}


def test_a_table_for_people(conformance):
    done = conformance(Sound())
    lines = done.output.splitlines()
    assert lines[1].split()[:3] == ["Số", "Kết", "quả"]
    assert re.fullmatch(r"đạt \d+, KHÔNG ĐẠT 0, không thử 0", lines[-1])
    english = conformance(Sound(), "--english").output
    assert "a wrong secret" in english
    assert "Sai khóa" not in english


def test_one_system_for_both_sides_leaves_out_what_needs_two(conformance):
    done = conformance(Sound(), "--json", to=False)
    assert done.exit_code == 0
    skipped = {number for number, result in results(done).items() if result == "skipped"}
    assert skipped == {"4.2", "5.5"}  # H55.07.01 has one code


@pytest.mark.parametrize(
    ("defect", "failing"),
    [
        (TakesRepeats, {"2.9", "2.10"}),
        (Forgets, {"2.4", "2.5"}),
        (Rewrites, {"2.1", "2.13", "6.6"}),
        (Trusts, {"1.2", "1.3", "1.4", "1.5"}),
        (Breaks, {"4.1", "5.1", "5.4"}),
        (Strict, {"1.7"}),
        (ByTheLetter, {"6.1", "6.2", "6.4", "6.5", "6.6", "6.7", "6.9"}),
    ],
)
def test_a_planted_defect_is_found(conformance, defect, failing):
    done = conformance(defect(), "--json")
    assert done.exit_code == 1
    found = {number for number, result in results(done).items() if result == "failed"}
    assert failing <= found


def test_an_axis_that_is_not_there(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    words = ["axis", "conformance", "http://127.0.0.1:9", "--system-id", "a"]
    done = CliRunner().invoke(main, [*words, "--secret-file", str(secret)])
    assert done.exit_code == 1
    assert "không nhận kết nối" in done.output
    done = CliRunner().invoke(
        main, [*words, "--secret-file", str(secret), "--from", "H1", "--to", "H2", "--json"]
    )
    assert done.exit_code == 1
    # every case can fail; what needs two systems is not tried
    assert {n for n, result in results(done).items() if result != "failed"} == {"5.5"}
