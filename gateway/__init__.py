"""cention-gateway: mail in, durably; errand at Cention; answer back, durably; mail out."""
