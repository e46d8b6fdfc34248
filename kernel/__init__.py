"""The shared vocabulary: small, pure where it can be, and slow to change."""
