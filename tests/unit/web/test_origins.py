import pytest

from linemill.web.credentials import Means
from linemill.web.origins import address_of, is_foreign, is_loopback, is_loopback_host, is_secure, was_forwarded

HERE = [(b"host", b"mill.example:8000")]


@pytest.mark.parametrize(
    "host",
    [
        *(b"localhost", b"LOCALHOST.", b"localhost:8000", b"mill.localhost", b"127.0.0.1", b"127.0.0.1:80", b"127.255.255.254"),
        *(b"[::1]", b"[::1]:80", b"[0:0:0:0:0:0:0:1]"),
    ],
)
def test_names_of_this_machine_are_told(host):
    assert is_loopback_host([(b"host", host)])


@pytest.mark.parametrize(
    "host",
    [
        *(b"127.0.0.1.evil.com", b"evil.com", b"localhost.evil.com", b"evillocalhost", b"evil.com#localhost", b"a@localhost"),
        *(b"", b" ", b".", b"0", b"0.0.0.0", b"127.1", b"2130706433", b"0x7f.0.0.1", b"127.0.0.01", b"10.0.0.1", b"::1"),
        *(b"[::]", b"[::1", b"[::1]x", b"[127.0.0.1]", b"[localhost]", b"[fe80::1%lo]", b"[::ffff:10.0.0.1]"),
        *(b"localhost:", b"localhost:http", b"localhost:80:80", b"localhost:999999", b"localhost/", b"localhost evil.com"),
        *(b"local\xffhost", b"\xe2\x84\x93ocalhost", b"localhost\x00", b"x" * 100_000),
    ],
)
def test_names_that_others_may_have_are_told(host):
    assert not is_loopback_host([(b"host", host)])


def test_a_request_without_a_host_or_with_two_is_to_nobody():
    assert not is_loopback_host([])
    assert not is_loopback_host([(b"host", b"localhost"), (b"host", b"localhost")])


@pytest.mark.parametrize("address", ["", "0.0.0.0", "::", "192.168.0.1", "mill.example", "/run/mill.sock"])
def test_addresses_that_other_machines_reach_are_told(address):
    assert not is_loopback(address)


@pytest.mark.parametrize("name", [b"x-forwarded-for", b"x-forwarded-server", b"x-forwarded-port", b"via", b"cf-connecting-ip"])
def test_a_proxy_gives_itself_away(name):
    assert was_forwarded([*HERE, (name, b"127.0.0.1")])
    assert not was_forwarded(HERE)


@pytest.mark.parametrize(
    ("means", "said", "foreign"),
    [
        # A browser cannot be made to send a bearer header.
        (Means.BEARER, [], False),
        (Means.BEARER, [(b"sec-fetch-site", b"cross-site"), (b"origin", b"https://evil.example")], False),
        # A browser that says where the request comes from is believed, whatever `Origin` says.
        (Means.COOKIE, [(b"sec-fetch-site", b"same-origin")], False),
        (Means.COOKIE, [(b"sec-fetch-site", b"same-site")], True),
        (Means.COOKIE, [(b"sec-fetch-site", b"none")], True),
        (Means.COOKIE, [(b"sec-fetch-site", b"cross-site")], True),
        (Means.COOKIE, [(b"sec-fetch-site", b"")], True),
        (Means.COOKIE, [(b"sec-fetch-site", b"same-origin"), (b"sec-fetch-site", b"cross-site")], True),
        (Means.COOKIE, [(b"sec-fetch-site", b"cross-site"), (b"origin", b"http://mill.example:8000")], True),
        (Means.BASIC, [(b"sec-fetch-site", b"cross-site")], True),
        (None, [(b"sec-fetch-site", b"cross-site")], True),
        # One that is old, or speaks without TLS, says its origin.
        (Means.COOKIE, [(b"origin", b"http://mill.example:8000")], False),
        (Means.COOKIE, [(b"origin", b"https://MILL.example:8000")], False),
        (Means.COOKIE, [(b"origin", b"http://mill.example")], True),
        (Means.COOKIE, [(b"origin", b"http://mill.example:8000.evil.example")], True),
        (Means.COOKIE, [(b"origin", b"ftp://mill.example:8000")], True),
        (Means.COOKIE, [(b"origin", b"null")], True),
        (Means.COOKIE, [(b"origin", b"")], True),
        (Means.COOKIE, [(b"origin", b"\xff")], True),
        (Means.COOKIE, [(b"origin", b"http://mill.example:8000"), (b"origin", b"http://mill.example:8000")], True),
        (None, [(b"origin", b"http://evil.example")], True),
        # A program says nothing, and has no cookie.
        (None, [], False),
        (Means.BASIC, [], False),
        (Means.COOKIE, [], True),
    ],
)
def test_what_another_s_page_may_have_asked_for_is_told(means, said, foreign):
    assert is_foreign([*HERE, *said], means) is foreign


@pytest.mark.parametrize("hosts", [[], [(b"host", b"")], [(b"host", b"a.example"), (b"host", b"a.example")]])
def test_an_origin_is_nobody_s_without_a_host(hosts):
    assert is_foreign([*hosts, (b"origin", b"http://a.example")], None)


@pytest.mark.parametrize(
    ("client", "said", "address"),
    [
        (("10.0.0.1", 1), [], "10.0.0.1"),
        (("10.0.0.1", 1), [b"10.0.0.9"], "10.0.0.1"),
        (("127.0.0.1", 1), [], "127.0.0.1"),
        (("127.0.0.1", 1), [b"10.0.0.9"], "10.0.0.9"),
        (("::1", 1), [b"10.0.0.8", b"1.1.1.1, 10.0.0.9"], "10.0.0.9"),
        (("127.0.0.1", 1), [b"\xff" * 1000], "ÿ" * 64),
        (None, [b"10.0.0.9"], ""),
    ],
)
def test_a_proxy_on_this_machine_is_believed_where_a_request_comes_from_and_nobody_else(client, said, address):
    assert address_of({"client": client, "headers": [(b"x-forwarded-for", one) for one in said]}) == address


def test_a_cookie_is_for_tls_only_where_there_is_tls():
    assert is_secure({"scheme": "https", "headers": []})
    assert is_secure({"scheme": "http", "headers": [(b"x-forwarded-proto", b"https")]})
    assert not is_secure({"scheme": "http", "headers": [(b"x-forwarded-proto", b"http")]})
    assert not is_secure({"scheme": "http", "headers": []})
