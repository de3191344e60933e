"""What the gateway is measured against, where that is no program of its own already. Each runs as a program."""
