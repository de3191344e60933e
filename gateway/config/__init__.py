"""TOML to typed settings: units, secrets that never print, the settings' classes, and loading with clear errors."""
