"""What is durable: files, attempts, outputs, counts, dead letters, versions, events, in one database."""

from linemill.catalog.catalog import Catalog

__all__ = ["Catalog"]
