"""Alerts of its own: what needs a person is told once, by mail or to a webhook, and so is that it is right again."""
