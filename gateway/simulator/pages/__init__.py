"""The agent's page: what a support team would see of an errand, drawn on the server, with a few lines of script."""
