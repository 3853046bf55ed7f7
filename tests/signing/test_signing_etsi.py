"""The report as ETSI TS 119 102-2 has it: valid by its schema, read back by its own classes."""

from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from pyhanko.generated.etsi import ts_11910202 as etsi
from xsdata.formats.dataclass.context import XmlContext
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig

from signing.etsi_report import NothingSigned, etsi_xml
from signing.report import DocumentReport, Level, Reason, SignatureReport, Verdict
from tests.signing.timed_world import HOUR, START, World

VR = {"vr": "http://uri.etsi.org/19102/v1.2.1#", "ds": "http://www.w3.org/2000/09/xmldsig#"}


CONTEXT = XmlContext()
PROFILE = Path(__file__).parent / "xsd" / "validation_report.xsd"


class Shipped(etree.Resolver):
    """Finds the schemas of XML-DSig and XAdES where signxml ships them."""

    def resolve(self, url, _name, context):
        kind, _, name = url.partition("signxml:")
        if kind or not name:
            return None
        package = "signxml.xades.schemas" if name.startswith("XAdES") else "signxml.schemas"
        return self.resolve_filename(str(resources.files(package) / name), context)


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Shipped())
    return etree.XMLSchema(etree.parse(str(PROFILE), parser))


def faults(schema: etree.XMLSchema, xml: str) -> list[str]:
    schema.validate(etree.fromstring(xml.encode()))
    return [str(one.message) for one in schema.error_log]


def read(xml: str) -> etsi.ValidationReport:
    """Read strictly: what the schema does not name is an error."""
    strict = ParserConfig(fail_on_unknown_properties=True, fail_on_unknown_attributes=True)
    return XmlParser(config=strict, context=CONTEXT).from_string(xml, etsi.ValidationReport)


def missing(value: object, path: str = "") -> list[str]:
    """Return what the schema requires and the report lacks."""
    found = []
    for one in fields(value) if is_dataclass(value) else ():
        inner = getattr(value, one.name)
        many = inner if isinstance(inner, tuple) else (inner,) if inner is not None else ()
        least = one.metadata.get("min_occurs", 1 if one.metadata.get("required") else 0)
        if len(many) < least:
            found.append(f"{path}.{one.name}")
        found += [bad for part in many for bad in missing(part, f"{path}.{one.name}")]
    return found


@pytest.fixture(scope="module")
def report(draft) -> DocumentReport:
    world = World(draft)
    both = world.sign(world.level_lta(), field="SaoY")
    return world.check(both, world.lists())


def test_nothing_the_schema_requires_is_missing(report):
    xml = etsi_xml(report)
    assert missing(read(xml)) == []
    assert etsi_xml(report) == xml


def test_a_missing_part_is_noticed(report):
    xml = etsi_xml(report)
    parsed = read(xml)
    parts = parsed.signature_validation_report
    bare = replace(parts[0], signature_validation_status=None)
    assert missing(replace(parsed, signature_validation_report=(bare,))) == [
        ".signature_validation_report.signature_validation_status"
    ]


def test_times_digests_and_indications_are_those_of_the_report(report):
    tree = etree.fromstring(etsi_xml(report).encode())

    def texts(path: str) -> list[str]:
        return [
            one if isinstance(one, str) else one.text for one in tree.xpath(path, namespaces=VR)
        ]

    assert texts("//vr:MainIndication") == ["urn:etsi:019102:mainindication:total-passed"] * 2
    assert texts("//vr:BestSignatureTime/vr:POETime") == [
        START.strftime("%Y-%m-%dT%H:%M:%SZ"),
        (START + 2 * HOUR).strftime("%Y-%m-%dT%H:%M:%SZ"),
    ]
    assert texts("//vr:SignatureValidationProcessID") == [
        "urn:etsi:019102:validationprocess:LTA",
        "urn:etsi:019102:validationprocess:Basic",
    ]
    references = texts("//@VOReference")
    assert set(references) <= set(texts("//vr:ValidationObject/@id"))
    assert "Trịnh Việt Hùng" in texts("//vr:Signer")


KNOWN = datetime(2026, 11, 22, tzinfo=UTC)


# -- by the schema ---------------------------------------------------------------------------------


def test_reports_of_real_files_are_valid_by_the_schema(draft, report, schema):
    world = World(draft)
    plain = world.sign()
    at = plain.index(b"/ByteRange") - 399
    altered = plain[:at] + bytes([plain[at] ^ 1]) + plain[at + 1 :]
    world.withdrawn[world.signer] = world.at - HOUR
    checks = {
        Verdict.VALID: report,
        Verdict.INVALID: world.check(altered, world.lists()),
        Verdict.UNDETERMINED: world.check(plain, []),
    }
    revoked = world.check(plain, world.lists())
    assert revoked.signatures[0].revoked_at, revoked
    for verdict, found in (*checks.items(), (Verdict.INVALID, revoked)):
        assert found.verdict is verdict, found
        assert faults(schema, etsi_xml(found)) == []


@pytest.mark.parametrize(
    ("part", "replacement", "said"),
    [
        ("<vr:HashOnly>false</vr:HashOnly>", "", "HashOnly"),
        ('id="document-1"', 'id="tài liệu 1"', "tài liệu 1"),
        ("Z</vr:ValidationTime>", "</vr:ValidationTime><vr:Them/>", "Them"),
        ("<vr:Time>", "<vr:Time>khoảng ", "dateTime"),
        ("<vr:MainIndication>", "<vr:Main/><vr:MainIndication>", "Main"),
        ("<ds:DigestMethod Algorithm=", "<ds:DigestMethod Alg=", "Algorithm"),
    ],
)
def test_the_schema_notices(schema, report, part, replacement, said):
    xml = etsi_xml(report)
    assert part in xml
    found = faults(schema, xml.replace(part, replacement, 1))
    assert any(said in one for one in found), found


@settings(max_examples=25)
@given(
    st.sampled_from([Verdict.VALID, Verdict.INVALID, Verdict.UNDETERMINED]),
    st.sampled_from(Reason),
    st.sampled_from(Level),
    st.none() | st.just(KNOWN),
    st.sampled_from(["", "sha256", "md5"]),
)
def test_every_report_of_a_signature_can_be_told(schema, verdict, reason, level, moment, algorithm):
    digest = "ab" * 32
    one = SignatureReport(
        "Chữ ký <1> & hai",
        verdict,
        reason,
        level=level,
        claimed_at=moment,
        revoked_at=moment,
        proven_at=moment,
        digest_algorithm=algorithm,
        signed_digest=digest if algorithm else "",
        attributes_digest=digest if algorithm else "",
        fingerprint=digest if algorithm else "",
    )
    whole = DocumentReport(verdict, KNOWN, reason, (one,), digest=digest)
    xml = etsi_xml(whole)
    assert faults(schema, xml) == []
    parsed = read(xml)
    assert missing(parsed) == []
    (part,) = parsed.signature_validation_report
    passed = part.signature_validation_status.main_indication.endswith("total-passed")
    assert passed == (verdict is Verdict.VALID)


def test_without_a_signature_there_is_nothing_to_tell():
    with pytest.raises(NothingSigned):
        etsi_xml(DocumentReport(Verdict.UNSIGNED, KNOWN, Reason.NO_SIGNATURE, digest="ab"))
