"""Whether this installation works, and on what. No torch until a part asks for it."""
