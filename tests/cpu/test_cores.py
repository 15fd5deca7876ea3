"""Which cores a process may use, and the threads that follow."""

import os

import pytest

from darknet_torch.cpu import cores
from darknet_torch.cpu.cores import Cores, quota, threads_to_compute


def written(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_quota_of_version_2_is_the_least_of_the_group_and_those_above_it(tmp_path):
    written(tmp_path / "cgroup", "0::/user/job\n")
    written(tmp_path / "root/user/job/cpu.max", "max 100000\n")
    assert quota(tmp_path / "cgroup", tmp_path / "root") is None
    written(tmp_path / "root/user/cpu.max", "150000 100000\n")
    assert quota(tmp_path / "cgroup", tmp_path / "root") == 1.5
    written(tmp_path / "root/user/job/cpu.max", "50000 100000\n")
    assert quota(tmp_path / "cgroup", tmp_path / "root") == 0.5


@pytest.mark.parametrize("folder", ["cpu,cpuacct/docker/1f", "cpu/docker/1f", "cpu"])
def test_the_quota_of_version_1_is_found_in_the_group_or_the_root_of_a_container(tmp_path, folder):
    written(tmp_path / "cgroup", "5:memory:/docker/1f\n4:cpu,cpuacct:/docker/1f\n0::/\n")
    group = tmp_path / "root" / folder
    written(group / "cpu.cfs_period_us", "100000\n")
    written(group / "cpu.cfs_quota_us", "-1\n")
    assert quota(tmp_path / "cgroup", tmp_path / "root") is None
    written(group / "cpu.cfs_quota_us", "200000\n")
    assert quota(tmp_path / "cgroup", tmp_path / "root") == 2.0


@pytest.mark.parametrize("text", ["", "nonsense", "0::/../.."])
def test_without_a_limit_there_is_no_quota(tmp_path, text):
    written(tmp_path / "cgroup", text)
    assert quota(tmp_path / "cgroup", tmp_path) is None
    assert quota(tmp_path / "missing", tmp_path) is None


@pytest.mark.parametrize(
    ("found", "processes", "threads"),
    [
        (Cores(8, 8), 1, 8),
        (Cores(8, 4), 1, 4),
        (Cores(64, 32, 2.5), 1, 2),
        (Cores(64, 32, 0.5), 1, 1),
        (Cores(8, 8), 2, 4),
        (Cores(2, 2), 3, 1),
    ],
)
def test_threads_follow_from_cores_quota_and_processes(found, processes, threads):
    assert found.threads(processes) == threads


def test_what_is_given_comes_before_the_environment_and_that_before_the_cores(monkeypatch):
    monkeypatch.setattr(cores, "usable_cores", lambda: Cores(6, 6))
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert threads_to_compute(2) == 2
    assert threads_to_compute(processes=2) == 3
    for text, threads in {"4,2": 4, "0": 6, "many": 6, "": 6, "9" * 5000: 6}.items():
        monkeypatch.setenv("OMP_NUM_THREADS", text)
        assert threads_to_compute() == threads
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert threads_to_compute(processes=2) == 3


def test_hyperthreads_count_once(tmp_path):
    for cpu in range(4):
        written(tmp_path / f"cpu{cpu}/topology/physical_package_id", "0\n")
        written(tmp_path / f"cpu{cpu}/topology/core_id", f"{cpu // 2}\n")
    assert cores._physical([0, 1, 2, 3], tmp_path) == 2
    assert cores._physical([0, 2], tmp_path) == 2
    assert cores._physical([7, 8], tmp_path) == 2  # the system does not say


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system has no affinity")
def test_affinity_limits_the_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {5})
    assert cores.usable_cores().logical == 1
