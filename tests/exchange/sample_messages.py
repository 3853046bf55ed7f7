"""One document message and one status message, written by hand in the order of the real ones."""

import base64

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
