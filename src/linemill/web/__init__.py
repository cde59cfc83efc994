"""The web: one ASGI application over a catalog. The same paths answer programs, browsers and event streams."""
