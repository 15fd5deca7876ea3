"""What `tools/fuzz.py` feeds to the readers of files, and what it does with its findings."""
