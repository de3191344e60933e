"""Bytes to `Mail`, `Reply` to bytes. Pure: no socket, disk or clock, and nothing of Cention."""
