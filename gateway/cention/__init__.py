"""Cention's API: documents as pure functions, and the client that speaks them."""
