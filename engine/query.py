"""Selects whose text is compiled once (câu hỏi dựng sẵn), and how their rows become records."""

from typing import Any, Generic, TypeVarTuple, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from engine.tables import Base, Packed

Ts = TypeVarTuple("Ts")

DIALECT: sa.Dialect = cast("Any", postgresql.dialect)(paramstyle="numeric_dollar")

#: what psycopg reads from the binary form as it does from the text
_READ_BINARY = (
    sa.Uuid, sa.String, sa.Integer, sa.Boolean, sa.LargeBinary, sa.DateTime, sa.Date, sa.JSON,
    sa.ARRAY, Packed,
)  # fmt: skip


class Query(Generic[*Ts]):
    """A select whose text is compiled once, at its first use (câu hỏi dựng sẵn)."""

    def __init__(self, select: "sa.Select[*Ts]") -> None:
        self.select = select
        self._compiled: Compiled | None = None

    @property
    def compiled(self) -> "Compiled":
        if self._compiled is None:
            self._compiled = Compiled(cast("Any", self.select))
        return self._compiled


class Compiled:
    """The text of a select, the names of its parameters and how its columns become records."""

    def __init__(self, select: "sa.Select[Any]") -> None:
        columns: list[Any] = []
        self.makers: list[tuple[type[Base] | None, int, int]] = []
        for item in select.column_descriptions:
            entity = item["entity"]
            start = len(columns)
            if entity is not None and item["expr"] is entity:
                mapper = sa.inspect(entity)
                columns.extend(attribute.columns[0] for attribute in mapper.column_attrs)
                self.makers.append((entity, start, len(columns)))
            else:
                columns.append(item["expr"])
                self.makers.append((None, start, start + 1))
        flat = select.with_only_columns(*columns, maintain_column_froms=True)
        compiled = flat.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
        self.text = str(compiled)
        self.names: list[str] = list(compiled.positiontup or [])
        self.bound: dict[str, Any] = dict(compiled.params)
        self.processors = {
            i: p
            for i, c in enumerate(columns)
            if isinstance(c.type, sa.Enum | sa.TypeDecorator)
            and (p := c.type.dialect_impl(DIALECT).result_processor(DIALECT, None)) is not None
        }
        self.binary = all(isinstance(c.type, _READ_BINARY) for c in columns)
        self.dumpers = {
            name: p
            for name, bind in compiled.binds.items()
            if isinstance(bind.type, sa.Enum | sa.TypeDecorator)
            and (p := bind.type.dialect_impl(DIALECT).bind_processor(DIALECT)) is not None
        }

    def values(self, parameters: dict[str, Any]) -> list[Any]:
        given = {**self.bound, **parameters} if parameters else self.bound
        unknown = parameters.keys() - self.bound.keys()
        if unknown:
            msg = f"the query has no parameter {sorted(unknown)}"
            raise TypeError(msg)
        return [self.dumpers[n](given[n]) if n in self.dumpers else given[n] for n in self.names]
