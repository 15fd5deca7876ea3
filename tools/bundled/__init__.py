"""How the bundled model is made, and what is said about it."""
