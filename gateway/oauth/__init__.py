"""Access tokens for mail servers (OAuth 2.0): had from a token server, kept in a file, refreshed in time."""
