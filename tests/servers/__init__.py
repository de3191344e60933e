"""Real programs that tests start: Postfix, Dovecot, the gateway as it is built, and its simulator."""
