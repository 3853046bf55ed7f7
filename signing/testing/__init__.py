"""A throw-away authority, its servers, and pictures, for demo and tests; of no legal force."""

from signing.testing.authority import Algorithm, Authority, Holder, Issued, Terms, Use
from signing.testing.pictures import draw_seal, draw_signature
from signing.testing.pki import Pki, make_pki
from signing.testing.servers import Fault, ListServer, OcspServer, TsaServer
from signing.testing.stamping import Lie, StandInTsa

__all__ = [
    "Algorithm",
    "Authority",
    "Fault",
    "Holder",
    "Issued",
    "Lie",
    "ListServer",
    "OcspServer",
    "Pki",
    "StandInTsa",
    "Terms",
    "TsaServer",
    "Use",
    "draw_seal",
    "draw_signature",
    "make_pki",
]
