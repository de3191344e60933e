"""From a recipient's address to the route that its mail takes."""
