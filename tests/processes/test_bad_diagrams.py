"""Bad input to the publish pipeline: each gets its message, and the published version stays."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from story import Story

from engine.definition import Definition, NotPublishable
from engine.diagram import DiagramRefused
from office.cli import main
from processes import procedures
from processes.procedures import PublishProcedure

SHIPPED = procedures.shipped_xml("outgoing")
STEP = b'<bpmn:userTask id="store"'


def changed(old: bytes, new: bytes, times: int = -1) -> bytes:
    made = SHIPPED.replace(old, new, times)
    assert made != SHIPPED
    return made


def renamed(identity: bytes) -> bytes:
    return changed(b'"store"', b'"' + identity + b'"').replace(b">store<", b">" + identity + b"<")


def nested(depth: int) -> bytes:
    """One sub-process within another, this deep, in the place of a step."""
    inner = b'<bpmn:userTask id="deep" congvan:candidates="author"/>'
    for level in range(depth):
        start, end = b"s%d" % level, b"e%d" % level
        what = b"deep" if level == 0 else b"n%d" % (level - 1)
        inner = (
            b'<bpmn:subProcess id="n%d"><bpmn:startEvent id="%s"/>' % (level, start)
            + inner
            + b'<bpmn:endEvent id="%s"/>' % end
            + b'<bpmn:sequenceFlow id="f%s" sourceRef="%s" targetRef="%s"/>' % (start, start, what)
            + b'<bpmn:sequenceFlow id="f%s" sourceRef="%s" targetRef="%s"/></bpmn:subProcess>'
            % (end, what, end)
        )
    last = b"n%d" % (depth - 1)
    made = changed(b"</bpmn:process>", inner + b"</bpmn:process>", 1)
    return made.replace(b'sourceRef="store"', b'sourceRef="%s"' % last)


#: what is sent, and what is found; a refused file has the code of the refusal
BAD: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "diagram-refused"),
    "blanks": (b" \n ", "diagram-refused"),
    "five megabytes": (SHIPPED + b"<!--" + b"x" * 5_000_000 + b"-->", "diagram-refused"),
    "ten thousand elements": (
        changed(b"</bpmn:process>", b"".join(b'<bpmn:task id="t%d"/>' % n for n in range(10_000)) + b"</bpmn:process>", 1),
        "diagram-refused",
    ),
    "Latin-1 that calls itself UTF-8": (SHIPPED.decode().replace("Soạn thảo", "Rédiger", 1).encode("latin-1", "xmlcharrefreplace"), "diagram-refused"),
    "too deep for XML": (nested(300), "diagram-refused"),
    "an id twice": (changed(b'id="number"', b'id="seal"', 1), "twice"),
    "the id Start": (renamed(b"Start"), "reserved"),
    "the id End": (renamed(b"End"), "reserved"),
    "the id Root": (renamed(b"Root"), "reserved"),
    "an id of the engine": (renamed(b"cv.store"), "reserved"),
    "no id": (changed(STEP, b"<bpmn:userTask"), "no-id"),
    "a very long name": (changed(STEP, STEP + b' congvan:x="y"').replace(b'name="L\xc6\xb0u', b'name="' + b"x" * 5_000, 1), "long-name"),
    "a message without a name": (changed(b"<bpmn:process ", b'<bpmn:message id="m"/><bpmn:process ', 1), "no-name"),
    "a dangling flow": (changed(b'targetRef="store"', b'targetRef="nobody"', 1), "flow-end"),
    "an unknown verb": (changed(b'congvan:verb="store"', b'congvan:verb="shred"'), "verb"),
    "an unknown form": (changed(b'congvan:form="outgoing-store"', b'congvan:form="paper"'), "form"),
    "a lane without a role": (changed(b' congvan:role="clerk"', b"", 1), "nobody"),
    "a lane with an unknown role": (changed(b'congvan:role="clerk"', b'congvan:role="king"', 1), "role"),
}  # fmt: skip
GOOD = {
    "UTF-16": SHIPPED.decode().replace("UTF-8", "UTF-16", 1).encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + SHIPPED,
    "nested, but not too deep": nested(20),
}


def judged(xml: bytes) -> tuple[set[str], str]:
    """The codes of what forbids publishing, and all its words."""
    try:
        found = procedures.check(xml, "outgoing").findings
    except DiagramRefused as refused:
        return {refused.code}, refused.text("vi")
    return {f.code for f in found if f.is_error}, "\n".join(f.vi for f in found if f.is_error)


@pytest.mark.parametrize("what", BAD)
def test_bad_input_gets_its_message(what: str) -> None:
    xml, code = BAD[what]
    codes, words = judged(xml)
    assert code in codes, codes
    assert words


@pytest.mark.parametrize("what", GOOD)
def test_the_like_that_can_be_read_passes(what: str) -> None:
    assert judged(GOOD[what]) == (set(), "")


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("nothing", "tệp trống"),
        ("five megabytes", "lớn hơn 2 MB"),
        ("ten thousand elements", "hơn 1.000 phần tử"),
        ("Latin-1 that calls itself UTF-8", "bảng mã"),
        ("the id Start", "«Start» là của hệ thống"),
    ],
)
def test_the_message_says_what_to_do(what: str, words: str) -> None:
    assert words in judged(BAD[what][0])[1]


@pytest.mark.parametrize("what", ["nothing", "an id twice", "Latin-1 that calls itself UTF-8"])
def test_the_command_line_ends_with_1(what: str, tmp_path: Path) -> None:
    file = tmp_path / "so-do.bpmn"
    file.write_bytes(BAD[what][0])
    told = CliRunner().invoke(main, ["lint-process", str(file), "--key", "outgoing"])
    assert told.exit_code == 1
    assert told.output.strip()
    assert "Traceback" not in told.output


def current(story: Story) -> tuple[int, str]:
    with story.as_("quantri.stttt") as tx:
        found = next(d for d in procedures.current_procedures(tx) if d.key == "outgoing")
        return found.number, found.sha256


def test_none_of_them_is_published_and_the_current_version_stays(story_office: Story) -> None:
    before = current(story_office)
    for what, (xml, _) in BAD.items():
        with (
            pytest.raises((NotPublishable, DiagramRefused)),
            story_office.as_("quantri.stttt") as tx,
        ):
            procedures.publish(tx, PublishProcedure("outgoing", xml, f"thử: {what}"))
    assert current(story_office) == before


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each act came to, begun together."""
    barrier, came = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place: int) -> None:
        barrier.wait()
        try:
            came[place] = acts[place]()
        except Exception as fault:  # noqa: BLE001 - what each came to is what is asked
            came[place] = fault

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return came


def test_two_published_at_once_are_two_versions(story_office: Story) -> None:
    first, _ = current(story_office)

    def publish(word: str) -> Callable[[], int]:
        xml = changed('name="Lưu, lập hồ sơ'.encode(), f'name="{word}: lưu, lập hồ sơ'.encode(), 1)

        def act() -> int:
            with story_office.as_("quantri.stttt") as tx:
                made = procedures.publish(tx, PublishProcedure("outgoing", xml, word))
                assert isinstance(made, Definition)
                return made.number

        return act

    came = at_once(publish("một"), publish("hai"))
    assert sorted(came) == [first + 1, first + 2], came
    assert current(story_office)[0] == first + 2


def test_findings_as_json_have_every_field(tmp_path: Path) -> None:
    file = tmp_path / "so-do.bpmn"
    file.write_bytes(BAD["an unknown verb"][0])
    told = CliRunner().invoke(main, ["lint-process", str(file), "--json"])
    for finding in json.loads(told.stdout):
        assert {"severity", "element", "code", "vi", "en", "citation"} <= set(finding)
        assert finding["vi"]
        assert finding["en"]


@pytest.mark.parametrize("key", ["a/b", "../x", "Incoming", "moi tinh", "__proto__", "", "x" * 41])
def test_a_procedure_is_called_by_a_word_that_stands_in_addresses(
    story_office: Story, key: str
) -> None:
    with story_office.as_("quantri.stttt") as tx, pytest.raises(procedures.KeyRefused):
        procedures.publish(tx, PublishProcedure(key, SHIPPED, "thử mã"))
    assert not story_office.all(Definition, Definition.key == key)
