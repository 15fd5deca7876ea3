"""Pure functions on tensors: activation functions, normalisation."""
