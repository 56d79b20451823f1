"""Statements for MySQL and MariaDB, where a dataset is a database; no other destination knows them."""

from sqlglot import exp

from pipelines.sql.statement import Statement


def create_database(name: str, collation: str) -> Statement:
    """Make a database whose texts are UTF-8, compared by a collation."""
    quoted = exp.to_identifier(name, quoted=True).sql("mysql")
    return Statement(
        exp.Command(this="CREATE", expression=f"DATABASE {quoted} CHARACTER SET utf8mb4 COLLATE {collation}")
    )
