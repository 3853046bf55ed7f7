"""What a form may hold (từ vựng form-js 1.23); the rest is refused."""

from typing import Final

_ANY = frozenset({"id", "type", "layout", "conditional", "properties"})
_LABELLED = _ANY | {"label", "description"}
_INPUT = _LABELLED | {"key", "validate", "readonly", "disabled", "defaultValue", "appearance"}
_CHOICE = _INPUT | {"values", "valuesKey"}

#: form-js type → the attributes it may carry
ATTRIBUTES: Final[dict[str, frozenset[str]]] = {
    "textfield": _INPUT,
    "textarea": _INPUT,
    "number": _INPUT | {"decimalDigits", "increment", "serializeToString"},
    "datetime": _INPUT
    | {"subtype", "dateLabel", "timeLabel", "timeInterval", "use24h", "timeSerializingFormat"}
    | {"disallowPassedDates"},
    "checkbox": _INPUT,
    "checklist": _CHOICE,
    "radio": _CHOICE,
    "select": _CHOICE | {"searchable"},
    "taglist": _CHOICE,
    "filepicker": _INPUT | {"accept", "multiple"},
    "expression": _ANY | {"key", "expression", "computeOn", "label"},
    "group": _LABELLED | {"components", "path", "showOutline", "verticalAlignment"},
    "dynamiclist": _LABELLED
    | {"components", "path", "isRepeating", "allowAddRemove", "defaultRepetitions", "showOutline"}
    | {"nonCollapsedItems", "disableCollapse", "verticalAlignment"},
    "text": _ANY | {"text"},
    "image": _ANY | {"source", "alt"},
    "separator": _ANY,
    "spacer": _ANY | {"height"},
    "button": _ANY | {"label", "action"},
}
ROOT = frozenset(
    {"id", "type", "components", "schemaVersion", "properties", "exporter", "versionTag"}
    | {"executionPlatform", "executionPlatformVersion"}
)
VALIDATE = frozenset(
    {"required", "minLength", "maxLength", "min", "max", "pattern", "patternErrorMessage"}
    | {"validationType"}
)
#: our extension point: `properties` of a component
PROPERTIES = frozenset(
    {"en:label", "en:description", "en:text", "en:suffix", "en:patternErrorMessage"}
    | {"cv:choices", "cv:sensitive", "cv:max-bytes", "cv:min-rows", "cv:max-rows"}
    | {"cv:check", "cv:check-message", "en:check-message"}
)
OPTION_PROPERTY = "en:option:"

KINDS = {
    "textfield": "text",
    "textarea": "textarea",
    "number": "number",
    "checkbox": "checkbox",
    "checklist": "checklist",
    "radio": "radio",
    "select": "select",
    "taglist": "taglist",
    "filepicker": "file",
    "expression": "computed",
}
CHOOSING = frozenset({"checklist", "radio", "select", "taglist"})

#: types that are refused with their own reason
REFUSED: Final[dict[str, tuple[str, str]]] = {
    "html": ("không dùng thành phần HTML", "HTML components are not allowed"),
    "iframe": ("không dùng khung nhúng trang khác", "embedded pages are not allowed"),
    "table": ("không dùng bảng tính từ dữ liệu", "data tables are not allowed"),
    "documentPreview": ("không dùng khung xem tài liệu", "document previews are not allowed"),
}
