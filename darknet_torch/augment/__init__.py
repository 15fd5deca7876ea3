"""Training samples: pictures, classes or text, augmented, with their truths. No torch."""
