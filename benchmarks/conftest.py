"""One thread for both sides, and the facts about this run that its page states."""

import os
import platform
import secrets
from importlib.metadata import version

import cpuinfo
import pytest
import threadpoolctl
import torch

SEED = int(os.environ.get("BENCH_SEED", secrets.randbits(32)))
LIBRARIES = ("numpy", "scipy", "torch", "scikit-learn", "entmax", "gensim")


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """BLAS, OpenMP and torch compute with one thread each."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpoolctl.threadpool_limits(1):
        pools = threadpoolctl.threadpool_info()
        assert {pool["num_threads"] for pool in pools} == {1}, pools
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def seed() -> int:
    """Other inputs in every run; BENCH_SEED in the environment draws them again."""
    return SEED


def pytest_report_header() -> str:
    return f"BENCH_SEED={SEED}"


def pytest_benchmark_update_machine_info(config, machine_info) -> None:
    machine_info.clear()
    machine_info |= {
        "processor": cpuinfo.get_cpu_info().get("brand_raw", platform.processor()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "threads": 1,
        "seed": SEED,
    }
