"""What a detector found: boxes, scores, classes, and how they are shown."""
