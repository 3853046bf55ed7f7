"""Thay thế văn bản: a new document takes the place of one that was issued."""
