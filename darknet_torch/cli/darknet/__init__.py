"""Commands with Darknet's own command line."""
