"""The numbers of a training."""

from darknet_torch.training.outcome import Outcome


def test_what_is_saved_is_read_again(tmp_path):
    for outcome in (
        Outcome(3, (0.1, 2.0 / 3), 0.5, None, ("a", "b")),
        Outcome(0, (), None, None, ()),
    ):
        outcome.save(tmp_path / "outcome.json")
        assert Outcome.read(tmp_path / "outcome.json") == outcome
