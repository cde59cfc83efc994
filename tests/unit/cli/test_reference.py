from pathlib import Path

from linemill.cli.reference import reference


def test_the_reference_in_the_documentation_is_current():
    page = Path(__file__).resolve().parents[3] / "docs" / "reference" / "cli.md"
    made_anew = "python -m linemill.cli.reference > docs/reference/cli.md"
    assert page.read_text(encoding="utf-8") == reference(), made_anew
