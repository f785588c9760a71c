"""Find the columns that each column of a model is computed from, by parsing its SQL with sqlglot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import ClassVar

import duckdb
from sqlglot import exp, parse_one
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage as nodes_of
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope, find_all_in_scope
from sqlglot.schema import MappingSchema
from sqlglot.tokenizer_core import TokenType

from transforms.engine.project import Model

# table -> column -> the names table.column that it is computed from.
Lineage = Mapping[str, Mapping[str, frozenset[str]]]

RANKING = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile)
ADDING = (exp.Sum, exp.Avg, exp.Count)
# The schema of the stand-ins for recursive CTEs inside themselves; no model's layer has this name.
LOOP = "recursion"
# Keywords that begin statements other than SELECT. DuckDB allows them as column names, so in a SELECT they are names.
STATEMENTS = (set(DuckDB.parser_class.STATEMENT_PARSERS) - DuckDB.parser_class.ID_VAR_TOKENS
              - {TokenType.SEMICOLON, TokenType.PIVOT, TokenType.UNPIVOT})


class Select(DuckDB):
    """DuckDB's dialect, restricted to a single SELECT."""

    class Tokenizer(DuckDB.Tokenizer):
        KEYWORDS: ClassVar = {word: kind for word, kind in DuckDB.Tokenizer.KEYWORDS.items()
                              if kind not in STATEMENTS}


def lineage(models: Iterable[Model], tables: Mapping[str, Sequence[str]]) -> Lineage:
    """Return the direct sources of every column by model, without models whose SQL sqlglot cannot follow.

    `tables` lists the columns of every table, including those of the models. The sources of a column are the columns its
    value is computed with, including conditions inside the expression. Columns that only filter, group, join or sort
    rows are not sources, so a constant or a count of rows has no sources.
    """
    found = {model.name: _sources(model.sql, tuple(model.columns), tuple(
        (name, tuple(tables[name])) for name in sorted(model.reads & tables.keys()))) for model in models}
    return {name: sources for name, sources in found.items()
            if sources is not None and all(_exists(each, tables) for column in sources.values() for each in column)}


def origins(lineage: Lineage, column: str) -> frozenset[str]:
    """Return the ultimate sources of a column as table.column: columns that no known model computes."""
    seen: set[str] = set()
    ahead = [column]
    while ahead:
        if (at := ahead.pop()) not in seen:
            seen.add(at)
            table, _, name = at.rpartition(".")
            ahead.extend(lineage.get(table, {}).get(name, ()))
    return frozenset(at for at in seen - {column} if at.rpartition(".")[0] not in lineage)


def raw_tables(con: duckdb.DuckDBPyConnection, models: Iterable[Model]) -> list[tuple[str, str, str]]:
    """Return (mart, column, raw table) for every raw table that a mart's column is computed from."""
    tables: dict[str, list[str]] = {}
    for table, column in con.execute("""
            select schema_name || '.' || table_name, column_name from duckdb_columns()
            where database_name = current_database() order by column_index""").fetchall():
        tables.setdefault(table, []).append(column)
    found = lineage(models, tables)
    return sorted({(mart, column, origin.rpartition(".")[0])
                   for mart, columns in found.items() if mart.startswith("marts.") for column in columns
                   for origin in origins(found, f"{mart}.{column}") if origin.startswith("raw.")})


@cache  # a run needs this for the revision ledger and for the dictionary; parsing all models takes seconds
def _sources(sql: str, columns: tuple[str, ...],
             tables: tuple[tuple[str, tuple[str, ...]], ...]) -> Mapping[str, frozenset[str]] | None:
    """Return the sources of each column of a SELECT over these tables, or None if sqlglot cannot follow it."""
    schema = MappingSchema(dialect=Select, normalize=False)
    for table, its_columns in tables:
        _declare(schema, table, its_columns)
    try:
        query = parse_one(sql, dialect=Select)
        loops = _untie(query, schema)
        _drop_rows(query)
        for scope in _scopes(query, exp.Columns, exp.Explode):
            _spread(scope, schema)
        query = qualify(query, dialect=Select, schema=schema, validate_qualify_columns=False, quote_identifiers=False)
        for scope in _scopes(query, exp.TableColumn):
            _write_rows(scope, schema)
        for scope in reversed(_scopes(query, exp.Dot)):
            _split_structs(scope)
        root = build_scope(query)
        if root is None:
            return None
        inner = {f"{LOOP}.{name}": _columns(root.cte_sources[name], schema) for name in loops}
        found = _columns(root, schema)
    except (SqlglotError, ValueError):
        return None
    if tuple(found) != columns:
        return None
    return {column: _through(inner, sources) for column, sources in found.items()}


def _untie(query: exp.Expr, schema: MappingSchema) -> list[str]:
    """Make recursive CTEs read stand-in tables instead of themselves; return the names of these CTEs."""
    names = []
    for cte in query.find_all(exp.CTE):
        if not isinstance(cte.this, exp.SetOperation):
            continue
        itself = [table for table in cte.this.expression.find_all(exp.Table) if table.name == cte.alias and not table.db]
        for table in itself:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(table.alias_or_name)))
            table.set("db", exp.to_identifier(LOOP))
        if itself:
            names.append(cte.alias)
            _declare(schema, f"{LOOP}.{cte.alias}", cte.alias_column_names or cte.this.named_selects)
    return names


def _through(inner: Lineage, sources: frozenset[str]) -> frozenset[str]:
    """Replace sources that are columns of a recursive CTE by what the CTE computes them from."""
    looped = {each for each in sources if each.startswith(f"{LOOP}.")}
    return (sources - looped).union(*(origins(inner, each) for each in looped))


def _drop_rows(query: exp.Expr) -> None:
    """Remove clauses that only select or order the rows that a value is computed over."""
    for window in query.find_all(exp.Window):
        window.set("partition_by", None)
        if not isinstance(window.this, RANKING):
            window.set("order", None)
    for order in list(query.find_all(exp.Order)):
        if isinstance(order.parent, ADDING) and order.this:
            order.replace(order.this)


def _spread(scope: Scope, schema: MappingSchema) -> None:
    """Expand items of a select list that return several columns: COLUMNS(t.*), and the fields of an unnested struct."""
    if not isinstance(scope.expression, exp.Select):
        return
    selects = []
    for item in scope.expression.selects:
        star = next((each.this for each in item.find_all(exp.Columns) if isinstance(each.this, exp.Column)), None)
        if star is not None and isinstance(star.this, exp.Star):
            left_out = {each.name for each in star.this.args.get("except_") or ()}
            names = [name for name in _names(scope.sources.get(star.table), schema) if name not in left_out]
            selects += [exp.alias_(_with_column(item, exp.column(name, table=star.table)), name) for name in names]
        elif isinstance(item, exp.Explode) and (item.expressions or isinstance(item.this, exp.Struct)):
            struct = item.find(exp.Struct)
            selects += [exp.alias_(_with_field(item.this, each.name), each.name)
                        for each in (struct.expressions if struct else ())]
        else:
            selects.append(item)
    scope.expression.set("expressions", selects)


def _with_column(item: exp.Expr, column: exp.Expr) -> exp.Expr:
    """Copy a select item and replace every COLUMNS(...) in it by the column."""
    value = item.unalias().copy()
    for each in list(value.find_all(exp.Columns)):
        each.replace(column.copy())
    return value


def _with_field(value: exp.Expr, field: str) -> exp.Expr:
    """Copy an expression and replace every struct that it creates by the one field."""
    value = exp.paren(value.copy())
    for made in list(value.find_all(exp.Struct)):
        part = next((each for each in made.expressions if each.name == field), exp.null())
        made.replace(part.expression if isinstance(part, exp.PropertyEQ) else part)
    return value


def _write_rows(scope: Scope, schema: MappingSchema) -> None:
    """Replace references to entire rows (`select t from t`) by the equivalent structs."""
    for row in list(find_all_in_scope(scope.expression, exp.TableColumn)):
        fields = [exp.PropertyEQ(this=exp.to_identifier(name), expression=exp.column(name, table=row.name))
                  for name in _names(scope.sources.get(row.name), schema)]
        row.replace(exp.Struct(expressions=fields))


def _split_structs(scope: Scope) -> None:
    """Give each field that is read from a computed struct its own column, so that it has its own sources."""
    for pick in list(find_all_in_scope(scope.expression, exp.Dot)):
        if isinstance(struct := pick.this, exp.Column):
            name = _field(scope.sources.get(struct.table), struct.name, pick.name)
            if name:
                pick.replace(exp.column(name, table=struct.table, quoted=True))


def _field(source: object, struct: str, field: str) -> str | None:
    """Return the subquery's column for one field of its struct, and add it if needed.

    Returns None if the subquery does not create the struct.
    """
    if not isinstance(source, Scope) or not isinstance(query := source.expression, exp.Select):
        return None
    name = f"{struct}.{field}"
    if name in query.named_selects:
        return name
    whole = next((each for each in query.selects if each.alias_or_name == struct), None)
    if whole is None:
        return None
    value = _with_field(whole.unalias(), field)
    if not whole.find(exp.Struct):
        passed = [(column, inner) for column in list(value.find_all(exp.Column))
                  if (inner := _field(source.sources.get(column.table), column.name, field))]
        if not passed:
            return None
        for column, inner in passed:
            column.replace(exp.column(inner, table=column.table, quoted=True))
    query.append("expressions", exp.alias_(value, name, quoted=True))
    return name


def _columns(scope: object, schema: MappingSchema) -> dict[str, frozenset[str]]:
    if not isinstance(scope, Scope):
        return {}
    nodes = nodes_of(None, scope.expression, schema, dialect=Select, scope=scope, trim_selects=False, copy=False)
    return {column: frozenset(_leaves(node)) for column, node in nodes.items()}


def _leaves(node) -> Iterator[str]:
    for each in node.walk():
        if isinstance(table := each.expression, exp.Table):
            yield f"{table.db}.{table.name}.{each.name.rpartition('.')[2]}"
        elif isinstance(table, exp.Placeholder):
            yield each.name


def _scopes(query: exp.Expr, *having: type[exp.Expr]) -> list[Scope]:
    """Return the scopes of a query, inner ones first; empty if the query has no expression of the given types."""
    root = build_scope(query) if query.find(*having) else None
    return list(root.traverse()) if root else []


def _names(source: object, schema: MappingSchema) -> list[str]:
    if isinstance(source, Scope) and isinstance(source.expression, exp.Query):
        return source.expression.named_selects
    return list(schema.column_names(source)) if isinstance(source, exp.Table) else []


def _declare(schema: MappingSchema, table: str, columns: Sequence[str]) -> None:
    schema.add_table(table, dict.fromkeys(columns, "unknown"), dialect=Select, normalize=False)


def _exists(column: str, tables: Mapping[str, Sequence[str]]) -> bool:
    table, _, name = column.rpartition(".")
    return name in tables.get(table, ())
