"""The built program against real servers: mail by Postfix and swaks, answers read back from Dovecot."""
