"""`python -m gateway` is `cention-gateway`."""

from gateway.cli import main

main()
