"""The elements of a message that have a meaning here (tên phần tử edXML)."""

from typing import Final

#: elements that hold a signature, in any namespace; what is in them is for who checks it
SIGNATURES: Final = frozenset({"Signature", "DigitalSignature"})

_ENVELOPE = "edXML edXMLEnvelope edXMLHeader edXMLBody edXMLManifest MessageHeader TraceHeaderList"
_HEADER = (
    "From To OrganId OrganizationInCharge OrganName OrganAdd Email Telephone Fax Website DocumentId"
    " Code CodeNumber CodeNotation PromulgationInfo Place PromulgationDate DocumentType Type"
    " TypeDetail TypeName Subject Content SignerInfo Competence Position FullName DueDate ToPlaces"
    " OtherInfo Priority SphereOfPromulgation TyperNotation PromulgationAmount PageAmount"
    " Appendixes Appendix ResponseFor SteeringType ResponseForTask ApplicationType"
)
_STATUS = "StatusCode Description Timestamp StaffInfo Department Staff Mobile StaffId DepartmentId"
_BUSINESS = (
    "TraceHeader Bussiness BussinessDocType BussinessDocReason Paper BussinessDocumentInfo"
    " DocumentInfo DocumentReceiver ReceiverList Receiver ReceiverType ReplacementInfoList"
    " ReplacementInfo OrganIdList"
)
_FILES = (
    "Reference ContentId ContentType AttachmentName AttachmentEncoded Attachment"
    " ContentTransferEncoded"
)
#: extras of one vendor's library that say nothing a reader needs
_VENDOR = "Direction ReplyFors ReferenceCodes FieldName MimeType Format"

KNOWN: Final = frozenset(f"{_ENVELOPE} {_HEADER} {_STATUS} {_BUSINESS} {_FILES} {_VENDOR}".split())
