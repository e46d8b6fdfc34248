"""The Python client of Spreekuur."""
