import pytest

from linemill.web.links import own_path, path_of


@pytest.mark.parametrize("path", ["/", "/files?state=failed&after=x%0a", "/files/1#outputs"])
def test_a_path_of_this_site_is_gone_on_to(path):
    assert own_path(path, "/stats") == path


@pytest.mark.parametrize(
    "path",
    [
        *("", "files", "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "javascript:alert(1)"),
        *("/\t/evil.example", "/a\nSet-Cookie: a=b", "/a\r", " /", "/a b", "/\u202e", "/\udcff", "/" + "a" * 3000),
    ],
)
def test_what_is_no_path_of_this_site_is_not_gone_on_to(path):
    assert own_path(path, "/stats") == "/stats"


@pytest.mark.parametrize("name", ["level", "a b", "ä?%2F#", 'x"><b>', "\u202e\udcff"])
def test_the_path_of_a_page_can_be_gone_on_to(name):
    path = path_of({"path": f"/pipeline/nodes/{name}"})
    assert own_path(path, "/stats") == path
