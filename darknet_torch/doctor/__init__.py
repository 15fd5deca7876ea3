"""Report whether this installation works, and its hardware and packages.

torch is only imported by the checks that need it.
"""
