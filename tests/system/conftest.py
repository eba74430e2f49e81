from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.quick_disk import quick_directory


@pytest.fixture
def quick_path(tmp_path: Path) -> Iterator[Path]:
    """In place of `tmp_path`, where the disk is to take no time."""
    with quick_directory(tmp_path.name) as directory:
        yield directory


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The figures that tests noted with `record_property`, one line each."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")
