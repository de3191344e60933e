"""Mails made to break the reader of mails, guided by what of it they reach: `scripts/fuzz`."""
