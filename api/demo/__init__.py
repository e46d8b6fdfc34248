"""The demo: a bank with data that looks like life, on this machine only."""
