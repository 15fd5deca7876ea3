"""What happens to pictures before the network sees them."""

import pytest

from darknet_torch.training.choices.pictures import PictureChoices

FILL = PictureChoices.__dataclass_fields__["fill"].metadata


def test_the_grey_of_fill_may_be_a_number():
    (declared,) = FILL.values()
    assert declared.kind.parse(0.5) == declared.kind.parse("0.5") == "0.5"
    for value, error in ((0.3, ValueError), ("red", ValueError), (True, TypeError)):
        with pytest.raises(error):
            declared.kind.parse(value)
