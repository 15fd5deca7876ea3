from darknet_torch.cfg.shape import Shape


def test_a_shape_counts_its_values_and_positions():
    shape = Shape(3, 4, 5)
    assert shape.count == 60
    assert shape.area == 20


def test_a_shape_prints_the_order_of_its_sizes():
    assert str(Shape(3, 32, 64)) == "3x32x64 (channels x height x width)"
