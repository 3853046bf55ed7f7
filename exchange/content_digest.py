"""What a message says, whatever hops were noted on it on the way (mã băm nội dung gói tin)."""

from hashlib import sha256

from lxml import etree

from exchange.errors import MalformedXml


def content_digest(data: bytes) -> str:
    """Return the SHA-256 in hex of a message in canonical form without its trace headers.

    An intermediary may add its own hop to a message that nobody signed. Raises `MalformedXml`.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True,
        remove_blank_text=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise MalformedXml(line=0, reason=str(error)[:200]) from error
    for hop in list(root.iter("{*}TraceHeader")):
        hop.getparent().remove(hop)
    return sha256(etree.tostring(root, method="c14n", exclusive=True)).hexdigest()
