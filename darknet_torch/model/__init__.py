"""The network: its layers in one loop, its weights, loading."""
