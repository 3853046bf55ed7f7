"""Digital signatures on documents (ký số): bytes and dataclasses in, bytes and reports out."""
