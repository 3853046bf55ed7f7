"""A throw-away authority and drawn pictures for demo and tests; nothing here has legal force."""

from signing.testing.pictures import draw_seal, draw_signature
from signing.testing.pki import Holder, Pki, make_pki

__all__ = ["Holder", "Pki", "draw_seal", "draw_signature", "make_pki"]
