"""Documents between agencies (liên thông văn bản): edXML messages, gateways and our own axis.

A pure library: bytes and plain dataclasses in, bytes and plain dataclasses out.
"""
