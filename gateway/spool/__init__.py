"""What we said yes to: tables, the one writer, large bodies. Knows nothing of what a job means."""
