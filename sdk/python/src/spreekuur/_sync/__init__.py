# Generated from _async by generate_sync.py; edit there, then run that.
"""The synchronous client."""
