"""Model files of every kind read into a network: weight files, state_dicts, checkpoints."""
