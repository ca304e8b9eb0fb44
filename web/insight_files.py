"""Insight's tables as files: CSV that no spreadsheet runs as a formula, and JSON."""

import csv
import io
import json
from typing import Literal

from starlette.responses import Response

from engine.imports.report import harmless
from engine.insight.tables import Table

As = Literal["csv", "json"]


def as_file(table: Table, name: str, form: As) -> Response:
    """The table, to be kept under this name."""
    body = as_json(table) if form == "json" else as_csv(table)
    kind = "application/json" if form == "json" else "text/csv; charset=utf-8"
    return Response(body, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}.{form}"'})


def as_csv(table: Table) -> str:
    """Numbers as they are: only texts can be formulas."""
    page = io.StringIO()
    writer = csv.writer(page)
    writer.writerow(table.columns)
    writer.writerows([_cell(cell) for cell in row] for row in table.rows)
    return page.getvalue()


def as_json(table: Table) -> str:
    """A list of objects."""
    return json.dumps(table.records(), ensure_ascii=False, indent=2)


def _cell(cell: object) -> object:
    if cell is None:
        return ""
    return harmless(cell) if isinstance(cell, str) else cell
