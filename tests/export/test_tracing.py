"""PyTorch's output during an export is suppressed, and only then."""

import logging
import sys
import warnings

from darknet_torch.export.graphs import Graph, GraphOptions
from darknet_torch.export.tracing import dynamic_sizes, example_input, silenced
from tests.conversion.small_models import DETECTOR, trained_network


def test_logs_prints_and_warnings_of_any_category_are_suppressed(capsys, caplog):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with silenced():
            for category in (DeprecationWarning, FutureWarning, UserWarning):
                warnings.warn("deprecated", category, stacklevel=1)
            sys.stdout.write("out")
            sys.stderr.write("err")
            logging.getLogger("exporter").error("logged")
    assert capsys.readouterr() == ("", "")
    assert not caplog.records


def test_logging_is_enabled_again_after_an_error(caplog):
    try:
        with silenced():
            raise ValueError
    except ValueError:
        logging.getLogger("exporter").error("logged")
    assert [record.message for record in caplog.records] == ["logged"]


def test_height_and_width_are_dynamic_unless_they_are_fixed():
    graph = Graph(trained_network(DETECTOR), GraphOptions())
    assert example_input(graph).shape == (2, 3, 32, 32)
    assert list(dynamic_sizes(graph)) == [0, 2, 3]
    graph.fix_size()
    assert list(dynamic_sizes(graph)) == [0]
