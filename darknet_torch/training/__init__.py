"""Training: Darknet's gradients, Darknet's steps."""
