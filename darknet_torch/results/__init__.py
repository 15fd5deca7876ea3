"""Detection results: boxes, scores and classes, and pictures and videos annotated with them."""
