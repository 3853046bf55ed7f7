"""Incoming documents (văn bản đến): receive, check, register, present, direct, process, file."""
