"""The asynchronous client, written by hand; the other one is generated from it."""
