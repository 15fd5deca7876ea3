"""The modules whose every branch is tested, and whose tests are tested by mutants.

`python tools/core_modules.py` prints their paths as coverage's ``--include`` takes them.
"""

from __future__ import annotations

# By path in darknet_torch: the tests, below tests, that have to notice any change of it.
CORE_MODULES: dict[str, tuple[str, ...]] = {
    "cfg/grammar.py": ("cfg/test_grammar.py", "properties/test_cfg_grammar.py"),
    "cfg/numbers.py": ("cfg/test_numbers.py",),
    "cfg/options.py": ("cfg/test_options.py", "cfg/test_net.py"),
    "cfg/net.py": ("cfg/test_net.py",),
    "model/weights.py": ("model/test_weights.py", "model/test_weights_diagnosis.py"),
    "model/weight_fit.py": ("model/test_weight_fit.py",),
    "model/weights_diagnosis.py": ("model/test_weights_diagnosis.py", "model/test_weights.py"),
    "results/boxes.py": ("results/test_boxes.py", "properties/test_boxes.py"),
}

if __name__ == "__main__":
    print(",".join(f"darknet_torch/{path}" for path in CORE_MODULES))  # noqa: T201
