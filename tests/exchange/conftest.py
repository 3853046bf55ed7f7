"""Messages to read and envelopes to write, as plain builders."""

import base64
import io
import itertools
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, settings

from exchange.axis import Axis
from exchange.axis_client import AxisClient, Connection, Secret
from exchange.document_type import document_type
from exchange.envelope import Attachment, Code, Envelope, Party
from exchange.memory_store import MemoryStore

settings.register_profile(
    "exchange", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("exchange")

NS = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
PDF = b"%PDF-1.7\n%%EOF\n"

DOCUMENT = f"""<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="{NS}">
 <edXML:edXMLEnvelope xmlns:edXML="{NS}">
  <edXML:edXMLHeader>
   <edXML:MessageHeader>
    <edXML:From>
     <edXML:OrganId>H55.07</edXML:OrganId>
     <edXML:OrganizationInCharge>UBND tỉnh Thái Nguyên</edXML:OrganizationInCharge>
     <edXML:OrganName>Sở Thông tin và Truyền thông</edXML:OrganName>
     <edXML:Email>vanthu.stttt@example.gov.vn</edXML:Email>
    </edXML:From>
    <edXML:To><edXML:OrganId>H55</edXML:OrganId><edXML:OrganName>UBND tỉnh</edXML:OrganName></edXML:To>
    <edXML:DocumentId>H55.07,2026/11/20,215/STTTT-VP</edXML:DocumentId>
    <edXML:Code><edXML:CodeNumber>215</edXML:CodeNumber><edXML:CodeNotation>STTTT-VP</edXML:CodeNotation></edXML:Code>
    <edXML:PromulgationInfo><edXML:Place>Thái Nguyên</edXML:Place><edXML:PromulgationDate>2026/11/20</edXML:PromulgationDate></edXML:PromulgationInfo>
    <edXML:DocumentType><edXML:Type>71</edXML:Type><edXML:TypeDetail>0</edXML:TypeDetail><edXML:TypeName>Công văn</edXML:TypeName></edXML:DocumentType>
    <edXML:Subject>V/v góp ý quy chế liên thông văn bản</edXML:Subject>
    <edXML:Content>V/v góp ý quy chế liên thông văn bản</edXML:Content>
    <edXML:SignerInfo><edXML:Competence>KT. GIÁM ĐỐC</edXML:Competence><edXML:Position>PHÓ GIÁM ĐỐC</edXML:Position><edXML:FullName>Hoàng Thị Én</edXML:FullName></edXML:SignerInfo>
    <edXML:OtherInfo><edXML:Priority>1</edXML:Priority><edXML:PageAmount>3</edXML:PageAmount></edXML:OtherInfo>
    <edXML:SteeringType>0</edXML:SteeringType>
   </edXML:MessageHeader>
   <edXML:TraceHeaderList>
    <edXML:TraceHeader><edXML:OrganId>H55.07</edXML:OrganId><edXML:Timestamp>2026/11/20 09:15:00</edXML:Timestamp></edXML:TraceHeader>
    <edXML:Bussiness>
     <edXML:BussinessDocType>0</edXML:BussinessDocType>
     <edXML:BussinessDocReason>Văn bản điện tử mới</edXML:BussinessDocReason>
     <edXML:Paper>0</edXML:Paper>
    </edXML:Bussiness>
   </edXML:TraceHeaderList>
  </edXML:edXMLHeader>
  <edXML:edXMLBody>
   <edXML:edXMLManifest version="1.0">
    <edXML:Reference><edXML:ContentId>cid:f1</edXML:ContentId><edXML:ContentType>application/pdf</edXML:ContentType><edXML:Description>Văn bản chính</edXML:Description><edXML:AttachmentName>215.signed.pdf</edXML:AttachmentName></edXML:Reference>
   </edXML:edXMLManifest>
  </edXML:edXMLBody>
 </edXML:edXMLEnvelope>
 <AttachmentEncoded>
  <Attachment><ContentId>cid:f1</ContentId><AttachmentName>215.signed.pdf</AttachmentName><Description>Văn bản chính</Description><ContentType>application/pdf</ContentType><edXML:ContentTransferEncoded xmlns:edXML="{NS}">{base64.b64encode(PDF).decode()}</edXML:ContentTransferEncoded></Attachment>
 </AttachmentEncoded>
</edXML>
"""

STATUS = f"""<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="{NS}"><edXML:edXMLEnvelope xmlns:edXML="{NS}"><edXML:edXMLHeader><edXML:MessageHeader>
<edXML:From><edXML:OrganId>H55</edXML:OrganId><edXML:OrganName>UBND tỉnh</edXML:OrganName></edXML:From>
<edXML:ResponseFor><edXML:OrganId>H55.07</edXML:OrganId><edXML:Code>215/STTTT-VP</edXML:Code><edXML:PromulgationDate>2026/11/20</edXML:PromulgationDate><edXML:DocumentId>H55.07,2026/11/20,215/STTTT-VP</edXML:DocumentId></edXML:ResponseFor>
<edXML:StaffInfo><edXML:Staff>Lý Văn Ơn</edXML:Staff></edXML:StaffInfo>
<edXML:StatusCode>03</edXML:StatusCode><edXML:Description>Đã vào sổ văn bản đến</edXML:Description><edXML:Timestamp>2026/11/20 10:00:08</edXML:Timestamp>
</edXML:MessageHeader></edXML:edXMLHeader></edXML:edXMLEnvelope></edXML>
"""


def _edited(base: str) -> Callable[..., bytes]:
    def edit(*changes: tuple[str, str]) -> bytes:
        text = base
        for old, new in changes:
            assert old in text, f"the fixture has no {old!r}"
            text = text.replace(old, new)
        return text.encode()

    return edit


@pytest.fixture(scope="session")
def document():
    """A hand-written document message; `document((old, new), …)` returns it changed."""
    return _edited(DOCUMENT)


@pytest.fixture(scope="session")
def status_xml():
    """A hand-written status message, changed likewise."""
    return _edited(STATUS)


@pytest.fixture(scope="session")
def zip_of():
    """Base64 of a ZIP of the given entries."""

    def build(*entries: tuple[str, bytes]) -> str:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in entries:
                archive.writestr(name, content)
        return base64.b64encode(buffer.getvalue()).decode()

    return build


@pytest.fixture(scope="session")
def make_envelope():
    """Build a small valid envelope."""

    def build(number: int = 215, organ: str = "H55.07", to=("H55",), **changes) -> Envelope:
        envelope = Envelope(
            sender=Party(organ, "Sở Thông tin và Truyền thông"),
            receivers=tuple(Party(code, f"Cơ quan {code}") for code in to),
            code=Code(str(number), "STTTT-VP"),
            promulgated_on=date(2026, 11, 20),
            document_type=document_type("Công văn"),
            subject="V/v góp ý quy chế liên thông văn bản",
            document_id=f"{organ},2026/11/20,{number}/STTTT-VP",
            attachments=(Attachment.of("van-ban.pdf", PDF + str(number).encode()),),
        )
        return replace(envelope, **changes)

    return build


class HandClock:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def hub(clock):
    """An axis with a provincial office (two codes), two departments and a stranger."""
    store = MemoryStore()
    numbers = itertools.count(1)
    axis = Axis(store, clock, new_id=lambda: f"id{next(numbers):04d}")
    for system_id in ("ubnd", "stttt", "stc", "la"):
        axis.admit_system(system_id, f"khoa-{system_id}")
    axis.admit_agency("ubnd", "H55", "UBND tỉnh Thái Nguyên", ("000.00.00.H55",))
    axis.admit_agency("stttt", "H55.07", "Sở Thông tin và Truyền thông", parent="H55")
    axis.admit_agency("stc", "H55.08", "Sở Tài chính", parent="H55")
    axis.admit_agency("la", "G99", "Hệ thống khác")
    return axis


@pytest.fixture
def in_process(hub, clock):
    """Gateways that call the hub directly, by system and code."""

    def connect(system_id: str, organ_id: str) -> DirectGateway:
        return DirectGateway(hub, clock, system_id, organ_id)

    return connect


class DirectGateway(AxisClient):
    """The real client, with the wire cut out: its signed headers go straight into the hub."""

    def __init__(self, hub: Axis, clock, system_id: str, organ_id: str) -> None:
        secret = Secret(f"khoa-{system_id}")
        super().__init__(Connection("http://axis.test/adapter", system_id, secret, organ_id), clock)
        self._hub = hub

    def _post(self, operation, headers, body):
        answer = self._hub.handle(operation, headers, body)
        return answer.status, answer.body
