"""How much memory a process may still take."""

import pytest

from darknet_torch.cpu import memory
from darknet_torch.cpu.control_groups import control_groups

MACHINE = "MemTotal:  9000 kB\nMemFree:  100 kB\nMemAvailable:  4000 kB\n"


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A machine with 4,000 kB available; returns the root of its control groups."""
    (tmp_path / "meminfo").write_text(MACHINE)
    (tmp_path / "cgroup").write_text("5:memory:/docker/1f\n0::/job\n")
    monkeypatch.setattr(memory, "_MEMORY", tmp_path / "meminfo")
    monkeypatch.setattr(
        memory,
        "control_groups",
        lambda name: control_groups(name, tmp_path / "cgroup", tmp_path / "root"),
    )
    return tmp_path / "root"


def written(folder, **files):
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def test_without_limits_it_is_what_the_machine_has_available(system):
    assert memory.available_memory() == 4000 * 1024


def test_a_group_of_version_2_leaves_less(system):
    written(system / "job", memory__max="3000000\n", memory__current="2000000\n")
    assert memory.available_memory() == 1000000


def test_files_that_were_read_are_taken_back(system):
    stat = "anon 5\ninactive_file 300000\nactive_file 200000\n"
    written(system / "job", memory__max="3000000", memory__current="2000000", memory__stat=stat)
    assert memory.available_memory() == 1500000


def test_a_group_without_a_limit_leaves_what_the_machine_has(system):
    written(system / "job", memory__max="max\n", memory__current="2000000\n")
    assert memory.available_memory() == 4000 * 1024


def test_a_group_of_version_1_leaves_less(system):
    written(
        system / "memory/docker/1f",
        memory__limit_in_bytes="900000",
        memory__usage_in_bytes="1000000",
        memory__stat="inactive_file 1\nactive_file 1\n"
        "total_inactive_file 300000\ntotal_active_file 100000\n",
    )
    assert memory.available_memory() == 300000


def test_where_the_system_does_not_say_it_is_not_known(system, tmp_path):
    (tmp_path / "meminfo").unlink()
    assert memory.available_memory() is None


def test_giving_memory_back_needs_no_support_of_the_system(monkeypatch):
    memory.give_memory_back()
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    memory.give_memory_back()


def test_a_limit_of_the_process_leaves_what_it_does_not_use(system, monkeypatch):
    resource = pytest.importorskip("resource", reason="not on Windows")
    (system.parent / "statm").write_text("100 50 20 1 0 30 0\n")
    monkeypatch.setattr(memory, "_OWN", system.parent / "statm")
    page = resource.getpagesize()
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (150 * page, -1))
    assert memory.available_memory() == 50 * page
