"""What differs between the decision tables of two drawings (khác biệt giữa các bảng), in words."""

from typing import Any

from engine.decision_table import DMN, Table, table_of


def tables_changed(old: Any, new: Any) -> tuple[str, str]:
    """Return how the tables that an element holds changed, Vietnamese and English; "" if not."""
    before, after = _tables(old), _tables(new)
    told = [("bỏ", "removed", before[i]) for i in before if i not in after]
    told += [("thêm", "added", after[i]) for i in after if i not in before]
    vi = [f"{word} bảng quyết định «{table.name}»" for word, _, table in told]
    en = [f"decision table “{table.name}” {word}" for _, word, table in told]
    for identity, table in after.items():
        earlier = before.get(identity)
        if earlier is not None and earlier != table:
            changes = [*_changes(earlier, table)]
            vi.append(f"bảng quyết định «{table.name}»: {', '.join(c[0] for c in changes)}")
            en.append(f"decision table “{table.name}”: {', '.join(c[1] for c in changes)}")
    return "; ".join(vi), "; ".join(en)


def _tables(element: Any) -> dict[str, Table]:
    found = element.iterfind(f"{{*}}extensionElements/{{{DMN}}}definitions/{{{DMN}}}decision")
    tables = (table_of(decision) for decision in found)
    return {table.id: table for table in tables if table is not None}


def _changes(old: Table, new: Table) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if old.name != new.name:
        found.append((f"tên từ «{old.name}»", f"name from “{old.name}”"))
    chosen = (f"{old.hit} {old.aggregation}".strip(), f"{new.hit} {new.aggregation}".strip())
    if chosen[0] != chosen[1]:
        found.append(
            (
                f"cách chọn dòng từ {chosen[0]} thành {chosen[1]}",
                f"hit policy from {chosen[0]} to {chosen[1]}",
            )
        )
    heads = (
        (old.inputs, old.outputs, old.defaults, old.types),
        (new.inputs, new.outputs, new.defaults, new.types),
    )
    if heads[0] != heads[1]:
        found.append(("sửa các cột", "columns changed"))
    if len(old.rules) != len(new.rules):
        found.append(
            (
                f"từ {len(old.rules)} thành {len(new.rules)} dòng",
                f"from {len(old.rules)} to {len(new.rules)} rows",
            )
        )
    pairs = enumerate(zip(old.rules, new.rules, strict=False), 1)
    rows = [str(number) for number, (was, now) in pairs if was != now]
    if rows:
        numbers = ", ".join(rows[:10]) + ("…" if len(rows) > 10 else "")
        found.append((f"sửa dòng {numbers}", f"row {numbers} changed"))
    return found
