"""Paper (biểu mẫu): form definitions in the shape of form-js, their validation and their view."""

from forms.definition import FormDefinition, check_form, load_form, shipped_keys
from forms.errors import FormInvalid, FormRefused, MissingChoices, Problem, UnknownForm
from forms.page import FormView
from forms.posting import ROW_COMMAND, edit_rows, from_post
from forms.submission import Submission, Upload
from forms.validation import validate
from forms.view import view_form

__all__ = [
    "ROW_COMMAND",
    "FormDefinition",
    "FormInvalid",
    "FormRefused",
    "FormView",
    "MissingChoices",
    "Problem",
    "Submission",
    "UnknownForm",
    "Upload",
    "check_form",
    "edit_rows",
    "from_post",
    "load_form",
    "shipped_keys",
    "validate",
    "view_form",
]
