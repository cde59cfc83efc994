import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = [
    *CHECKOUT.glob("*.md"),
    *sorted((CHECKOUT / "docs").rglob("*.md")),
    *sorted((CHECKOUT / "examples").glob("*/README.md")),
]
LINK = re.compile(r"\]\((?P<target>[^()\s]+)\)")
RECIPE = re.compile(r"\bmake ([a-z]+)\b(?=`|\s+#|$)", re.MULTILINE)


def _prose(page: Path) -> str:
    return re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def _anchors(page: Path) -> set[str]:
    """Names of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(CHECKOUT)) for page in PAGES])
def test_every_link_of_a_page_leads_somewhere(page):
    for target in LINK.findall(_prose(page)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert not anchor or anchor in _anchors(there), target


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(CHECKOUT)) for page in PAGES])
def test_every_recipe_that_a_page_names_is_one(page, checkout):
    recipes = set(re.findall(r"^([a-z]+):", (checkout / "Makefile").read_text(), re.MULTILINE))
    assert set(RECIPE.findall(page.read_text(encoding="utf-8"))) <= recipes


def test_the_readme_comes_to_every_page(checkout):
    seen: set[Path] = set()
    ahead = [checkout / "README.md"]
    while ahead:
        page = ahead.pop()
        seen.add(page)
        for target in LINK.findall(_prose(page)):
            there = (page.parent / target.partition("#")[0]).resolve()
            found = [there] if there.suffix == ".md" else sorted(there.glob("*.md")) if there.is_dir() else []
            ahead += [one for one in found if one not in seen and one not in ahead]
    assert [str(page.relative_to(checkout)) for page in PAGES if page not in seen] == []


def test_the_readme_says_how_to_test(checkout):
    assert re.search(r"^make test\b", (checkout / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
