"""Outgoing documents (văn bản đi): draft, comment, approve, sign, number, seal, issue, store."""
