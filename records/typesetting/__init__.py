"""Typesetting of documents from fields (trình bày văn bản theo Nghị định 30/2020, Phụ lục I)."""
