"""HTTP in: Cention's callbacks, health and metrics."""
