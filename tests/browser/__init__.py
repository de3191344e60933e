"""The simulator's agent page as a person uses it: a real gateway, a mail sink, and Chromium."""
