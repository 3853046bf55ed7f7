"""Files that come with a form (tệp tải lên): kept before the transaction, known by a signed word.

The word lets a form that needs correcting be sent again without its files, and cannot be made up:
it is signed for one officer, so nobody names bytes he did not send.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from engine.errors import OfficeError
from forms.components import Field
from forms.definition import FormDefinition
from processes.order import Upload
from records.content import Stored, clean_name
from web.door import acting, language, office

#: a form left open over a working day can still be sent
_LIFE = 12 * 3600


@dataclass(slots=True)
class Received:
    """What arrived: uploads by reference, references by input, refusals by input."""

    uploads: dict[str, Upload] = field(default_factory=dict)
    references: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)


def receive_files(form: FormDefinition) -> Received:
    """Keep the files of the posted form in the store; what the store refuses is told at its input.

    Raises `StorageFull`. Files sent before come back as their signed words.
    """
    received = Received()
    for name in _file_inputs(form):
        for word in request.form.getlist(name):
            known = _known(word)
            if known is not None:
                received.uploads[word] = known
        for sent in request.files.getlist(name):
            if not sent.filename:
                continue
            try:
                stored = office().means.content.put(sent.stream)
            except OfficeError as error:
                if error.status >= 500:
                    raise
                text = f"{clean_name(sent.filename)}: {error.text(language())}"
                received.errors.setdefault(name, []).append(text)
                continue
            upload = Upload(clean_name(sent.filename), stored)
            word = _word(upload)
            received.uploads[word] = upload
            received.references.setdefault(name, []).append(word)
    return received


def _file_inputs(form: FormDefinition) -> Iterable[str]:
    for leaf in form.leaves:
        if isinstance(leaf.component, Field) and leaf.component.kind == "file":
            yield leaf.path


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        str(current_app.secret_key), salt=f"upload {acting().officer_id} {acting().agency_id}"
    )


def _word(upload: Upload) -> str:
    stored = upload.stored
    text = _signer().dumps([upload.name, stored.sha256, stored.size, stored.media_type])
    return text if isinstance(text, str) else text.decode()


def _known(word: str) -> Upload | None:
    try:
        name, sha256, size, media_type = _signer().loads(word, max_age=_LIFE)
    except (BadSignature, ValueError):
        return None
    return Upload(name, Stored(sha256, size, media_type))
