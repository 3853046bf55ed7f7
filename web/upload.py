"""Files that come with a form (tệp tải lên): kept before the transaction, known by a signed word.

The word lets a form that needs correcting be sent again without its files, and cannot be made up:
it is signed for one officer, so nobody names bytes he did not send.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, cast

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
#: the input that carries the words, beside the form's own
WORD = "upload"
_MOST = 200


@dataclass(slots=True)
class Received:
    """What arrived: uploads by reference, references by input, refusals by input.

    `words` are what the page keeps in hidden inputs named `upload`, so that it can be sent again.
    """

    uploads: dict[str, Upload] = field(default_factory=dict)
    references: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)

    def keep(self, word: str, upload: Upload) -> str:
        """Remember an upload under its reference and return that."""
        reference = hashlib.sha256(word.encode()).hexdigest()[:40]
        if reference not in self.uploads:
            self.words.append(word)
        self.uploads[reference] = upload
        return reference


def receive_files(form: FormDefinition) -> Received:
    """Keep the files of the posted form in the store; what the store refuses is told at its input.

    Raises `StorageFull`. Files sent before come back as their signed words.
    """
    received = files_again(request.form.getlist(WORD))
    for name in _file_inputs(form):
        for sent in request.files.getlist(name):
            if not sent.filename:
                continue
            try:
                stored = office().means.content.put(cast("BinaryIO", sent.stream))
            except OfficeError as error:
                if error.status >= 500:
                    raise
                text = f"{clean_name(sent.filename)}: {error.text(language())}"
                received.errors.setdefault(name, []).append(text)
                continue
            upload = Upload(clean_name(sent.filename), stored)
            reference = received.keep(_word(upload), upload)
            received.references.setdefault(name, []).append(reference)
    return received


def files_again(words: Sequence[str]) -> Received:
    """Return the files that were sent before, by their words; what is too old is left out."""
    received = Received()
    for word in words[:_MOST]:
        known = _known(word)
        if known is not None:
            received.keep(word, known)
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
    return str(_signer().dumps([upload.name, stored.sha256, stored.size, stored.media_type]))


def _known(word: str) -> Upload | None:
    try:
        name, sha256, size, media_type = _signer().loads(word, max_age=_LIFE)
    except (BadSignature, ValueError):
        return None
    return Upload(name, Stored(sha256, size, media_type))
