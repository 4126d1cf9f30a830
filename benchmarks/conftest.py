"""One thread for both sides, and the facts about this run that its page states."""

import platform
from importlib.metadata import version

import cpuinfo
import numpy as np
import pytest
import threadpoolctl
import torch

LIBRARIES = ("numpy", "scipy", "torch", "scikit-learn", "entmax", "gensim")


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """BLAS, OpenMP and torch compute with one thread each."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpoolctl.threadpool_limits(1):
        pools = {p["internal_api"]: p["num_threads"] for p in threadpool_facts()}
        assert set(pools.values()) == {1}, f"more than one thread: {pools}"
        yield
    torch.set_num_threads(before)


def threadpool_facts() -> list[dict]:
    return threadpoolctl.threadpool_info()


@pytest.fixture
def rng() -> np.random.Generator:
    """Numbers drawn afresh in every run: no input is the one that was tuned for."""
    return np.random.default_rng()


def pytest_benchmark_update_machine_info(config, machine_info) -> None:
    machine_info.clear()
    machine_info |= {
        "processor": cpuinfo.get_cpu_info().get("brand_raw", platform.processor()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "threads": 1,
    }
