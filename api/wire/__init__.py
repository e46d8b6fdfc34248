"""The shapes that travel: what callers send and get (docs/wire.md)."""
