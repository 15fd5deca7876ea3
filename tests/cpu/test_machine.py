"""The name of this machine's processor."""

from darknet_torch.cpu.machine import machine_name, processor_name


def test_linux_names_the_processor(tmp_path):
    path = tmp_path / "cpuinfo"
    path.write_text("processor\t: 0\nmodel name\t: Intel(R) Xeon(R) CPU\n" * 2)
    assert processor_name(path) == "Intel(R) Xeon(R) CPU"


def test_elsewhere_the_kind_of_processor_is_its_name(tmp_path):
    assert processor_name(tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text("Hardware\t: BCM2835\n")  # as on ARM
    assert processor_name(tmp_path / "cpuinfo")


def test_a_machine_has_cores():
    assert machine_name().startswith(processor_name())
    assert machine_name().rpartition(", ")[2].partition(" ")[0].isdecimal()
