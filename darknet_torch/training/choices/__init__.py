"""The choices of a training, in groups: each option is one declaration, a field of a dataclass.

The plan, Python's `train`, the command line and what a resumed run keeps take it from there.
"""
