"""The floor of a completion: what the database itself costs for as many statements.

psycopg, prepared, one round trip a statement: BEGIN, SELECT FOR UPDATE of 4 kB, 2 UPDATE, 2 INSERT,
COMMIT.
"""

import os
import time

import psycopg

_TABLES = """
CREATE TABLE IF NOT EXISTS floor_state (id int PRIMARY KEY, ver int DEFAULT 0, state bytea NOT NULL)
  WITH (fillfactor = 50);
ALTER TABLE floor_state ALTER state SET STORAGE EXTERNAL;
CREATE TABLE IF NOT EXISTS floor_row (id int PRIMARY KEY, n int DEFAULT 0, status text)
  WITH (fillfactor = 70);
CREATE TABLE IF NOT EXISTS floor_note
  (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, ref int, body text);
CREATE TABLE IF NOT EXISTS floor_leaf
  (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, ref int, body bytea);
"""


class Floor:
    """One connection that does the floor's transaction on a row of its own."""

    def __init__(self, url: str, row: int = 1) -> None:
        self.row = row
        self.connection = psycopg.connect(url.replace("+psycopg", ""), prepare_threshold=0)
        self.connection.execute(_TABLES, prepare=False)
        for table, value in (("floor_state", os.urandom(4096)), ("floor_row", None)):
            columns = "(id, state) VALUES (%s, %s)" if value else "(id) VALUES (%s)"
            self.connection.execute(
                f"INSERT INTO {table} {columns} ON CONFLICT DO NOTHING",
                (row, value) if value else (row,),
            )
        self.connection.commit()

    def once(self) -> float:
        """Do the transaction; return its seconds."""
        started = time.perf_counter()
        run, row = self.connection.execute, self.row
        with self.connection.transaction():
            state = run("SELECT state, ver FROM floor_state WHERE id = %s FOR UPDATE", (row,))
            data = state.fetchone()[0]
            run("UPDATE floor_state SET state = %s, ver = ver + 1 WHERE id = %s", (data, row))
            run("UPDATE floor_row SET n = n + 1, status = %s WHERE id = %s", ("done", row))
            run("INSERT INTO floor_note (ref, body) VALUES (%s, %s)", (row, "b" * 200))
            run("INSERT INTO floor_leaf (ref, body) VALUES (%s, %s)", (row, b"b" * 300))
        return time.perf_counter() - started
