"""The door for machines (giao diện lập trình): JSON under `/api/v1`, and our axis."""

from api.application import CSRF_EXEMPT, init_api

__all__ = ["CSRF_EXEMPT", "init_api"]
