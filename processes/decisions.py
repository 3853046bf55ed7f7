"""A decision table while it is written (bảng quyết định đang soạn): each cell, and what it can ask.

Nothing is kept: a table becomes part of a procedure when the drawing that holds it is published.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from engine import diagram
from engine.decision_table import Table
from engine.finding import Finding
from engine.names import names_of
from engine.table_rules import Flaw, check_shape, flaws
from processes.catalogue import variables
from processes.procedures import procedure_for


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What speaks against a table, as a whole and cell by cell, and the names it can ask for."""

    findings: Sequence[Finding]
    flaws: Sequence[Flaw]
    names: Sequence[str]


def review(xml: bytes, table: Table, key: str = "") -> Reviewed:
    """Return what is wrong with a table that would stand in this drawing of a procedure.

    Raises `engine.diagram.DiagramRefused` for a file that is no readable diagram.
    """
    root = diagram.read(xml)
    key, called = procedure_for(root, key)
    names = names_of(root, variables(key, called))
    findings = list(check_shape(table))
    torn = any(finding.code == "table-row" for finding in findings)
    return Reviewed(findings, [] if torn else list(flaws(table, names)), sorted(names))
