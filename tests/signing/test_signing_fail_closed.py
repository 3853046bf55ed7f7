"""Whatever goes wrong while looking, nothing escapes and nothing is valid."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing.policy import ValidationPolicy
from signing.report import Reason, Verdict
from signing.revocation import Revocation
from signing.trust import AnchorRole, Trust
from signing.validation import validate_pdf
from tests.signing.timed_world import World

#: what hostile bytes make libraries raise
FAULTS = [
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
    MemoryError,
    StopIteration,
]


@pytest.fixture(scope="module")
def world(draft) -> World:
    return World(draft)


@pytest.fixture(scope="module")
def archived(world) -> bytes:
    """A signature with all its proofs, and a second one over them."""
    return world.level_lta()


@pytest.fixture(scope="module")
def lists(world, archived) -> list[bytes]:
    return world.lists()


def uncovered(pdf: bytes) -> tuple[int, int]:
    """Return the room of the last timestamp, which nothing covers."""
    start = pdf.rindex(b"/Contents <") + len(b"/Contents <")
    return start, pdf.index(b">", start)


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "insert", "double", "swap"]),
        st.floats(0, 1, exclude_max=True),
        st.floats(0, 1, exclude_max=True),
        st.binary(min_size=1, max_size=12),
    ),
    min_size=1,
    max_size=3,
)


def edited(pdf: bytes, edits) -> bytes:
    for kind, where, length, data in edits:
        at = int(where * len(pdf))
        end = at + 1 + int(length * 200)
        match kind:
            case "flip":
                pdf = pdf[:at] + bytes([pdf[at] ^ data[0]]) + pdf[at + 1 :]
            case "cut":
                pdf = pdf[:at] + pdf[end:]
            case "insert":
                pdf = pdf[:at] + data + pdf[at:]
            case "double":
                pdf = pdf[:end] + pdf[at:]
            case "swap":
                other = int(length * len(pdf))
                low, high = sorted((at, other))
                pdf = pdf[:low] + pdf[high:] + pdf[low:high]
    return pdf


@settings(max_examples=40)
@given(EDITS)
def test_an_edited_file_is_judged_and_not_valid(world, archived, lists, edits):
    changed = edited(archived, edits)
    report = world.check(changed, lists)
    if report.is_valid:
        start, end = uncovered(archived)
        assert changed[:start] == archived[:start]
        assert changed[end:].rstrip() == archived[end:].rstrip()
    assert report.verdict is Verdict.VALID or report.reason is not Reason.NONE


def test_the_unedited_file_is_valid(world, archived, lists):
    assert world.check(archived, lists).is_valid


@dataclass(frozen=True)
class FaultyTrust(Trust):
    """Fails when it is asked for the roots of one role."""

    fault: type[Exception] = ValueError
    role: AnchorRole = AnchorRole.SIGNER

    def manager(self, role, at):
        """Fail, or answer."""
        if role is self.role:
            raise self.fault
        return super().manager(role, at)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_while_judging_a_signature_is_not_valid(world, archived, fault):
    trust = FaultyTrust(world.trust.anchors, fault=fault)
    report = world.check(archived, world.lists(), trust=trust)
    (signature,) = report.signatures
    assert (signature.verdict, signature.reason) == (Verdict.INVALID, Reason.FORMAT_FAILURE)
    assert report.verdict is report.verdict_at_signing is Verdict.INVALID


def test_a_fault_while_judging_a_timestamp_proves_nothing(world, archived):
    trust = FaultyTrust(world.trust.anchors, role=AnchorRole.TSA)
    report = world.check(archived, world.lists(), trust=trust)
    assert not report.is_valid
    assert report.timestamps[0].verdict is Verdict.INVALID
    assert report.signatures[0].proven_at is None


@dataclass(frozen=True)
class FaultyRevocation(Revocation):
    """Fails when it is asked for its lists."""

    fault: type[Exception] = ValueError

    def usable(self, role=AnchorRole.SIGNER):
        """Fail."""
        raise self.fault


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_before_any_signature_is_not_valid(world, archived, fault):
    report = validate_pdf(
        archived,
        trust=world.trust,
        revocation=FaultyRevocation(fault=fault),
        policy=ValidationPolicy(),
        at=world.at,
    )
    assert report.verdict is report.verdict_at_signing is Verdict.INVALID
    assert report.signatures == ()


@settings(max_examples=40)
@given(st.binary(max_size=300))
def test_any_bytes_are_judged(world, junk):
    for pdf in (junk, b"%PDF-1.7\n" + junk + b"\n%%EOF\n"):
        assert not world.check(pdf).is_valid
