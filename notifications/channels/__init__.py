"""The ways out: each sends one message to one person."""
