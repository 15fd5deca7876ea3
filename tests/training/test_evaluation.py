"""The evaluation of a network during its training."""

from darknet_torch.training.setup import prepare
from tests.training.runs import DETECTOR, changed, written


def test_it_overfits_a_few_pictures(plan, tmp_path):
    text = DETECTOR.replace("steps=5", "steps=350").replace("rate=0.01", "rate=0.003")
    cfg = written(tmp_path, text.replace("[dropout]\nprobability=.1\n", ""))
    plan = changed(plan, cfg=str(cfg), overfit=4, max_batches=400, save_every=1000)
    score = prepare(plan).run()
    # The same pictures without augmentation: 0.95 is what the command promises.
    assert score.value >= 0.95
