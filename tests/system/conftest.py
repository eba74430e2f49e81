from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The figures that tests noted with `record_property`, one line each."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")
