# SPDX-License-Identifier: GPL-2.0-only
"""What can be asked of the tests beside running them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from debian_kernels import VERSIONS, Watch, kernel_tracker
from dmafuzz.review import hunting
from support import CORPUS

# Wherever dmafuzz is installed, the tests' corpus is that of the checkout.
hunting.CHECKOUT = CORPUS

# How long something takes depends on what else the machine does.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run what is marked slow; -m slow runs nothing else")
    parser.addoption(
        "--promote", action="store_true", help="write the golden files anew instead of comparing with them"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--long"):
        config.option.markexpr = ""  # instead of pyproject.toml's "not slow"


@pytest.fixture
def promote(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--promote"))


@pytest.fixture(params=[f"{version}-{kind}" for version in VERSIONS for kind in ("model", "kernel")])
def watch(request: pytest.FixtureRequest) -> Watch:
    """Each of Debian's kernels, as a model and as its own code."""
    version, kind = request.param.split("-")
    return Watch(version, version if kind == "model" else kernel_tracker(version))
