"""What a diagram may name (danh mục tên): the verbs, forms, roles and variables of an office."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.diagram import HUMAN, MACHINE, Model
from engine.expressions import Kind
from engine.finding import Finding, error

#: a business rule may be a table instead
_OR_TABLE = (
    defaultdict(str, businessRuleTask=" hoặc bảng quyết định (congvan:decision)"),
    defaultdict(str, businessRuleTask=" and no decision table (congvan:decision)"),
)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The names a diagram may use: verbs with their form keys, forms, roles of lanes."""

    verbs: Mapping[str, str] = field(default_factory=dict)
    forms: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    machine_verbs: frozenset[str] = frozenset()
    #: the variables that forms and verbs set, with their kinds; None where nobody declared any
    variables: Mapping[str, Kind] | None = None


def check_catalogue(model: Model, catalogue: Catalogue) -> Iterator[Finding]:
    """Return the roles, verbs and forms of a diagram that the office does not have."""
    for lane in model.lanes:
        if lane.role and lane.role not in catalogue.roles:
            yield error(
                lane.id, "role", f"Làn «{lane.name}» gắn vai trò không có: {lane.role}.",
                f"Lane “{lane.name}” names no known role: {lane.role}.",
            )  # fmt: skip
    for node in model.nodes.values():
        if node.kind not in HUMAN | MACHINE or node.decision:
            continue
        known = catalogue.machine_verbs if node.is_machine else catalogue.verbs
        if node.verb and node.verb not in known:
            yield error(
                node.id, "verb", f"Bước «{node.name}» gọi việc không có: {node.verb}.",
                f"Step “{node.name}” calls no known verb: {node.verb}.",
            )  # fmt: skip
        if node.is_machine and not node.verb:
            yield error(
                node.id, "verb",
                f"Bước máy «{node.name}» chưa chọn việc phải làm{_OR_TABLE[0][node.kind]}.",
                f"Machine step “{node.name}” names no verb{_OR_TABLE[1][node.kind]}.",
            )  # fmt: skip
        if node.form and node.form not in catalogue.forms:
            yield error(
                node.id, "form", f"Bước «{node.name}» dùng biểu mẫu không có: {node.form}.",
                f"Step “{node.name}” uses no known form: {node.form}.",
            )  # fmt: skip
        needed = "" if node.is_machine else catalogue.verbs.get(node.verb, "")
        if needed and node.form in catalogue.forms - {needed}:
            yield error(
                node.id, "verb-form",
                f"Bước «{node.name}» gọi việc {node.verb} nhưng dùng biểu mẫu {node.form} của việc "
                f"khác. Chọn biểu mẫu {needed}.",
                f"Step “{node.name}” calls the verb {node.verb} with the form {node.form} of other "
                f"work. Choose the form {needed}.",
            )  # fmt: skip
        if not node.is_machine and not (node.role or node.candidates or node.assignee):
            yield error(
                node.id, "nobody",
                f"Bước «{node.name}» không nằm trong làn có vai trò nên không ai nhận được việc. "
                "Kéo bước vào một làn, hoặc chọn vai trò cho bước.",
                f"Step “{node.name}” has no lane with a role: nobody would get it. Move it into a "
                "lane or choose a role for it.",
            )  # fmt: skip
