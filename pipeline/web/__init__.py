"""The painting as a page: a server, what it refuses, and the page itself in `page/`."""
