"""What all tests share: a private cache folder, and where real recordings and browsers are."""

import os
import shutil
import tempfile
from pathlib import Path

import hypothesis
import pytest

pytest.register_assert_rewrite("path_estimator_contract")

# How long an example takes says something about the machine, nothing about the code.
hypothesis.settings.register_profile("emopipe", deadline=None)
hypothesis.settings.load_profile("emopipe")

# Features extracted by tests and doctests must never land in the user's own store.
_CACHE = tempfile.mkdtemp(prefix="emopipe-tests-")
os.environ["XDG_CACHE_HOME"] = _CACHE
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")


def pytest_sessionfinish():
    shutil.rmtree(_CACHE, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real recordings, or skip where there is none."""
    folder = os.environ.get("EMOPIPE_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("EMOPIPE_TEST_DATA does not name the folder of real recordings")
    return Path(folder)


@pytest.fixture(scope="module")
def browser():
    """Return a browser without a window, or skip where there is none."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("Debian's chromium and chromium-driver are not installed")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in ("headless", "no-sandbox", "disable-gpu", "disable-background-networking",
                 "disable-component-update", "disable-sync", "no-first-run"):  # fmt: skip
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    yield driver
    driver.quit()
