"""The headers of every answer (tiêu đề bảo mật): one strict policy, and where it bends why."""

from flask import Response, g, request

#: `web.md` 1.4: nothing but our own files; no inline script anywhere
_STRICT = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
#: the editors write styles while they run; no other page may
_EDITOR = {**_STRICT, "style-src": "'self' 'unsafe-inline'"}
#: a worker obeys the policy of its own file: scans (JPEG 2000) are decoded by WebAssembly
_FILE = {**_STRICT, "script-src": "'self' 'wasm-unsafe-eval'"}
#: what officers uploaded is never a page of ours
DOWNLOAD = "sandbox; default-src 'none'; frame-ancestors 'none'"


def _text(policy: dict[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in policy.items())


STRICT, EDITOR, FILE = _text(_STRICT), _text(_EDITOR), _text(_FILE)


def allow_editor() -> None:
    """Let this page's editor write styles while it runs."""
    g.content_policy = EDITOR


def allow_bridge(address: str) -> None:
    """Let this page speak with the signing program at the desk, at this address and no other."""
    g.content_policy = _text({**_STRICT, "connect-src": f"'self' {address}"})


def secure(response: Response) -> Response:
    """Put the security headers on an answer."""
    policy = FILE if request.endpoint == "static" else g.get("content_policy", STRICT)
    response.headers.setdefault("Content-Security-Policy", policy)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    response.headers.setdefault(
        "Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()"
    )
    response.headers["X-Request-Id"] = g.get("request_id", "")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.headers.add("Vary", "X-Partial, Cookie")
    return response
