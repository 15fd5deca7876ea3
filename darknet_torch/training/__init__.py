"""Training: data, losses, steps."""
