"""The precisions in which networks are computed, by name. No torch."""

from __future__ import annotations

FLOAT32 = "float32"
TF32 = "tf32"
HALVES = ("bfloat16", "float16")  # in these the layers compute in numbers of 16 bits
PRECISIONS = (FLOAT32, TF32, *HALVES)
INT8 = "int8"  # of engines alone: convolutions in whole numbers of 8 bits, prepared with data
