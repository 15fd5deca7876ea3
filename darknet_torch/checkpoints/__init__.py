"""Checkpoints of other PyTorch programs, recognised by the keys and shapes of their state_dict."""
