"""The API as a whole (giao diện lập trình): its resources on one application, their contract."""

from typing import Any

import orjson
from apispec import APISpec
from flask import Flask, Response, current_app, request
from flask_smorest import Api

from api import (
    changes,
    dossiers,
    files,
    incoming_documents,
    journal,
    key_uses,
    masters,
    migrations,
    outgoing_documents,
    process_definitions,
    process_diagrams,
    process_instances,
    proposals,
    registers,
    sendings,
    signing_batches,
    signing_sessions,
    tokens,
    trust,
    uploads,
    work_items,
)
from api.axis import init_axis
from api.bearer import Scope, public
from api.blueprint import PREFIX, Resource, unrouted
from api.idempotency import HEADER, LONGEST_KEY
from api.parameters import refuse_what_is_no_text
from api.problems import MEDIA_TYPE
from api.schemas.shape import Problem

OPENAPI = f"{PREFIX}/openapi.json"

RESOURCES = (
    tokens.blueprint,
    work_items.blueprint,
    signing_batches.blueprint,
    uploads.blueprint,
    files.blueprint,
    incoming_documents.blueprint,
    outgoing_documents.blueprint,
    changes.incoming,
    changes.outgoing,
    sendings.incoming,
    sendings.outgoing,
    sendings.packets,
    trust.blueprint,
    registers.blueprint,
    dossiers.blueprint,
    process_definitions.blueprint,
    process_diagrams.blueprint,
    masters.blueprint,
    process_instances.blueprint,
    migrations.blueprint,
    proposals.blueprint,
    signing_sessions.blueprint,
    signing_sessions.files,
    journal.blueprint,
    key_uses.blueprint,
)

_DESCRIPTION = """
Trình tự: `POST /tokens`, `GET /work-items`, `GET /work-items/{id}`, `POST
/work-items/{id}/completion`. Mọi lỗi theo RFC 9457 (`application/problem+json`); mã lỗi ổn định
nằm ở `type` (`urn:congvan:problem:…`), lời văn theo `Accept-Language` (`vi`, `en`).
Lệnh POST, PATCH gửi lại an toàn với `Idempotency-Key` trong 24 giờ.

Get a token, list the work, read a step, complete it. Every error is an RFC 9457 problem with a
stable `type`. POST and PATCH may be sent again under the same `Idempotency-Key` for 24 hours.
"""

contract = Resource("contract", "", "OpenAPI")


class _Api(Api):
    """The library's API without its application-wide error handler: pages have their own."""

    ERROR_SCHEMA = Problem

    def _register_error_handlers(self) -> None:
        """Leave errors to the resources."""


@contract.get("/openapi.json")
@public
def openapi() -> Response:
    """Return this contract (OpenAPI 3.1)."""
    response = Response(_contract(), content_type="application/json")
    response.headers["Cache-Control"] = "public, no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


#: blueprints that take no part in the protection against forged requests: no cookie opens them
CSRF_EXEMPT = (*RESOURCES, contract)


def init_api(app: Flask) -> None:
    """Register the API and our axis on an application whose `congvan` extension is the office."""
    made = _Api(
        app,
        spec_kwargs={
            "title": "Congvan API",
            "version": "v1",
            "openapi_version": "3.1.0",
            "info": {"description": _DESCRIPTION.strip(), "license": {"name": "Apache-2.0"}},
            "servers": [{"url": "/"}],
        },
    )
    made.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    for resource in RESOURCES:
        made.register_blueprint(resource)
    app.register_blueprint(contract)
    init_axis(app)
    app.before_request(unrouted)
    app.before_request(refuse_what_is_no_text)
    app.extensions["congvan.contract"] = orjson.dumps(_finished(made.spec))


def _contract() -> bytes:
    contract_bytes: bytes = current_app.extensions["congvan.contract"]
    return contract_bytes


def _finished(spec: APISpec) -> dict[str, Any]:
    """Return the contract with the media type of problems and the header of safe repeats."""
    finished: dict[str, Any] = spec.to_dict()
    for response in finished["components"]["responses"].values():
        content = response.get("content", {})
        if "application/json" in content:
            content[MEDIA_TYPE] = content.pop("application/json")
    for operations in finished["paths"].values():
        for method, operation in operations.items():
            if method in {"post", "patch"} and _is_command(operation):
                operation.setdefault("parameters", []).append(_REPEAT)
    return finished


#: how a command may be sent again
_REPEAT = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
}


def _is_command(operation: dict[str, Any]) -> bool:
    """Return whether an operation goes through `idempotency.carry_out`.

    It writes, and its address and JSON say all there is to it.
    """
    writes = {"bearer": [Scope.WRITE.value]} in operation.get("security", [])
    body = operation.get("requestBody", {"content": {"application/json": {}}})
    return writes and "application/json" in body["content"]
