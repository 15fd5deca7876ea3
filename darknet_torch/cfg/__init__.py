"""The cfg language: grammar, numbers, typed options and the two dialects. No torch."""
