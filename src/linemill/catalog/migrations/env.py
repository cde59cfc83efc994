"""Runs migrations in the transaction that the catalog gives."""

from __future__ import annotations

from alembic import context

from linemill.catalog.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
