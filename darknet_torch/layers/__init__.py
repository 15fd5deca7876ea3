"""The layers of a network, one file a section type; `registry` lists them."""
