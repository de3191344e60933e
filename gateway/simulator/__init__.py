"""A Cention to run against, written from the contract alone."""
