"""The console: pages for people, of what the gateway has done, does, and needs somebody for."""
