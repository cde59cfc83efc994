"""The tables. Written in plain SQL types that SQLite and PostgreSQL both have; the migrations make the same.

Times are seconds since 1970. Names and paths are kept as `linemill.files.shown` writes them and `unshown` reads them back:
printable text, whatever bytes the name has. JSON is kept as text. Numbers of rows are never used again: an attempt's is part of
the names of its staged files.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

KEY = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up by itself only in a column that is called INTEGER."""

BY_CODE_POINT = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is compared as SQLite compares all text: what begins alike stands together, in an index, too."""

owner = Table(
    "owner",
    metadata,
    Column("id", Text, primary_key=True),  # 16 hexadecimal digits; alive while its lock file is locked
    Column("pid", Integer, nullable=False),
    Column("host", Text, nullable=False),
    Column("what", Text, nullable=False),  # watch, run, or the name of a command
    Column("began_at", Double, nullable=False),
)

version = Table(
    "version",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("text", Text, nullable=False),  # of the pipeline file
    Column("sources", Text, nullable=False),  # JSON: path to text of each processor's module
    Column("loaded_at", Double, nullable=False),
    sqlite_autoincrement=True,
)

file = Table(
    "file",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("origin", Text, nullable=False),
    Column("name", BY_CODE_POINT, nullable=False),
    Column("number", Integer, nullable=False),  # the how manieth of this name
    Column("life_name", Text, nullable=False),
    Column("found", Text),  # NULL for standard input
    Column("place", Text),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("since", Double, nullable=False),  # in this state
    Column("noticed_at", Double, nullable=False),
    Column("done_at", Double),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", Double),
    Column("wish", Text),  # JSON of a Wish
    Column("attempt_id", BigInteger),  # the last one
    Column("code", Text),
    Column("reason", Text),
    Column("traceback", Text),
    Column("lines", BigInteger, nullable=False),
    Column("dead", BigInteger, nullable=False),
    Column("raw_bytes", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
    UniqueConstraint("origin", "name", "number"),
    Index("file_by_state", "state", "next_try_at", "id"),
    Index("file_by_state_since", "state", "since", "id"),
    Index("file_by_since", "since", "id"),
    Index("file_by_name", "name", "id"),
    Index("file_by_life_name", "life_name", "id"),
    Index("file_by_done", "done_at", "id"),
    sqlite_autoincrement=True,
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("file_id", BigInteger, ForeignKey("file.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("version_id", BigInteger, ForeignKey("version.id"), nullable=False, index=True),
    Column("owner_id", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("wish", Text),
    Column("began_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("code", Text),
    Column("reason", Text),
    Column("lines", BigInteger, nullable=False),
    Column("dead", BigInteger, nullable=False),
    Column("raw_bytes", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("moves_to", Text),
    Column("deletes", Boolean, nullable=False),
    Column("obsolete", Text),  # JSON: paths
    UniqueConstraint("file_id", "number"),
    Index("attempt_by_state", "state", "id"),
    sqlite_autoincrement=True,
)

span = Table(
    "span",
    metadata,
    Column("attempt_id", BigInteger, ForeignKey("attempt.id", ondelete="CASCADE"), primary_key=True),
    Column("index", Integer, primary_key=True),
    Column("start_byte", BigInteger, nullable=False),
    Column("end_byte", BigInteger, nullable=False),
    Column("ledger", Text, nullable=False),  # JSON
    Column("lengths", Text, nullable=False),  # JSON
    Column("pieces", Text, nullable=False),  # JSON
)

output = Table(
    "output",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("attempt_id", BigInteger, ForeignKey("attempt.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("target", Text, nullable=False, index=True),
    Column("staged", Text, nullable=False),
    Column("offset_bytes", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("lines", BigInteger, nullable=False),
    Column("pieces", Text, nullable=False),  # JSON
    Column("may_replace", Boolean, nullable=False),
    Column("is_published", Boolean, nullable=False),
    Column("replaced_by", BigInteger),  # the attempt whose output took this one's place
    sqlite_autoincrement=True,
)

growing = Table(
    "growing",
    metadata,
    Column("target", Text, primary_key=True),
    Column("bytes", BigInteger, nullable=False),  # committed, of the file that has this name now
    Column("lines", BigInteger, nullable=False),
)

node_count = Table(
    "node_count",
    metadata,
    Column("attempt_id", BigInteger, ForeignKey("attempt.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),  # in topological order
    Column("node", Text, nullable=False),
    Column("came", BigInteger, nullable=False),
    Column("gave", Text, nullable=False),  # JSON: by tag
    Column("sent", Text, nullable=False),  # JSON: by target
    Column("filtered", BigInteger, nullable=False),
    Column("dead", BigInteger, nullable=False),
    Column("unrouted", BigInteger, nullable=False),
    Column("restarts", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
)

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("attempt_id", BigInteger, ForeignKey("attempt.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("file_id", BigInteger, nullable=False, index=True),
    Column("number", BigInteger, nullable=False),
    Column("node", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("letter", LargeBinary, nullable=False),  # JSON, as in the file of dead letters
    Index("dead_letter_by_node", "node", "code", "id"),
    sqlite_autoincrement=True,
)

trace = Table(
    "trace",
    metadata,
    Column("attempt_id", BigInteger, ForeignKey("attempt.id", ondelete="CASCADE"), primary_key=True),
    Column("file_id", BigInteger, nullable=False, index=True),
    Column("lines", LargeBinary, nullable=False),  # JSON: sampled lines and their way through the nodes
)

period = Table(
    "period",
    metadata,
    Column("seconds", Integer, primary_key=True),  # its length: a minute, an hour; 0 for all time
    Column("start", BigInteger, primary_key=True),  # 0 for all time
    Column("counts", Text, nullable=False),  # JSON
)

token = Table(
    "token",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),  # viewer, operator, admin
    Column("digest", Text, nullable=False, unique=True),  # of the token, SHA-256
    Column("cookie_digest", Text, nullable=False, unique=True),  # of what its cookie says, SHA-256
    Column("made_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("revoked_at", Double),
    sqlite_autoincrement=True,
)

event = Table(
    "event",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("at", Double, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("file_id", BigInteger, index=True),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)

staging_folder = Table(
    "staging_folder",
    metadata,
    Column("path", Text, primary_key=True),  # hidden files of attempts may lie in it
)

control = Table(
    "control",
    metadata,
    Column("name", Text, primary_key=True),  # paused, blocked, pipeline
    Column("value", Text, nullable=False),  # JSON
    Column("at", Double, nullable=False),
)
