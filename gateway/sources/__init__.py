"""The ways in. Each turns its protocol into `accept`, and the outcome into the protocol's answer."""
