"""The way out: a composed mail to the first smarthost that takes it."""
