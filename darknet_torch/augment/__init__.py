"""Pictures and their truths on the way into training. No torch."""
