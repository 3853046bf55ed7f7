"""Cập nhật văn bản đã phát hành: a new signed version, other receivers."""
