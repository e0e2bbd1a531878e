"""The bench's own arithmetic, its table and its page."""

from pathlib import Path

import pytest

from tests.bench import document, figures
from tests.bench.figures import absolute, compared, told


def test_percentiles_are_values_that_occurred() -> None:
    values = [float(number) for number in range(1, 101)]
    assert figures.percentile(values, 0.5) == 50
    assert figures.percentile(values, 0.99) == 99
    assert figures.percentile([7.0], 0.99) == 7


def test_a_row_says_whether_its_bar_is_met() -> None:
    assert compared("latency", 2.0, 6.0, "ms", 3.0).met is True
    assert compared("latency", 2.0, 6.1, "ms", 3.0).met is False
    assert absolute("memory", 124.0, "MB", 123.0).met is False
    assert told("reads", "2").met is None


def test_the_table_is_markdown() -> None:
    lines = figures.markdown([compared("latency", 2.0, 7.0, "ms", 3.0), told("reads", "2")]).splitlines()
    assert lines[0].split("|")[1].strip() == "what"
    assert set(lines[1]) == {"|", "-"}
    assert "3.50x" in lines[2]
    assert "**no**" in lines[2]
    assert len({len(line) for line in lines}) == 1


def test_writing_keeps_what_stands_around_the_markers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "docs" / "benchmarks.md"
    monkeypatch.setattr(document, "DOCUMENT", page)
    document.write("first")
    page.write_text(page.read_text() + "\nKept.\n")
    document.write("second")
    text = page.read_text()
    assert "second" in text
    assert "first" not in text
    assert text.startswith("# Benchmarks")
    assert text.endswith("Kept.\n")


def test_a_page_without_markers_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("mine")
    monkeypatch.setattr(document, "DOCUMENT", page)
    with pytest.raises(ValueError, match="markers"):
        document.write("new")
    assert page.read_text() == "mine"
