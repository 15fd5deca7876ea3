"""What a training writes about itself, for people and programs to look at: each a callback.

None of these files is needed to go on, so one that cannot be written ends nothing.
"""
