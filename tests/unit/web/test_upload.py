"""`POST /files`: whole in the inbox or not there, and only what may be."""

import bz2
import gzip
import os
import stat

import pytest
from starlette.testclient import TestClient

from linemill.catalog.claiming import life_name
from linemill.files import incoming
from linemill.files.incoming import Incoming
from linemill.files.renaming import rename_to_free
from linemill.pipeline import load
from linemill.web import upload
from linemill.web.app import application
from linemill.web.site import Site


@pytest.fixture
def inbox(site):
    return site.base / "inbox"


@pytest.fixture
def sending(site):
    """Make a client of a site whose pipeline says something more."""

    def apply(more):
        path = site.base / "pipeline.yaml"
        path.write_text(path.read_text() + more)
        pipeline = load(path)
        changed = Site(site.base, site.folder, site.history, site.catalog, lambda: pipeline)
        return TestClient(application(changed), base_url="http://127.0.0.1")

    return apply


def _names(inbox):
    return sorted(path.name for path in inbox.iterdir())


def _send(client, *files, **others):
    return client.post("/files", files=[("file", file) for file in files], **others)


def test_a_file_that_is_sent_is_in_the_inbox_byte_for_byte(client, inbox, site):
    content = os.urandom(100).hex().encode() * 5000 + b"\r\n--no boundary\r\n--"
    said = _send(client, ("a.log", content))
    assert said.status_code == 201
    assert said.json() == {"files": [{"name": "a.log", "size": len(content), "href": "/files?name=a.log"}]}
    assert said.headers["location"] == "/files?name=a.log"
    assert (inbox / "a.log").read_bytes() == content
    assert _names(inbox) == ["a.log"]
    events = site.history.events(limit=10)
    assert [(event.who, event.what, event.detail) for event in events.rows] == [
        ("local", "upload", f"a.log: {len(content):,} bytes")
    ]


def test_a_browser_goes_on_with_the_list_of_files(client, inbox):
    said = _send(client, ("a.log", b"x\n"), headers={"Accept": "text/html"}, follow_redirects=False)
    assert (said.status_code, said.headers["location"]) == (303, "/files")
    assert _names(inbox) == ["a.log"]


def test_several_files_are_taken_at_once_and_other_fields_are_passed_over(client, inbox):
    files = [("file", ("a.log", b"1\n")), ("file", ("b.log", b"2\n")), ("more", ("c.log", b""))]
    said = client.post("/files", files=files, data={"back": "/files"})
    assert (said.status_code, said.headers["location"]) == (201, "/files")
    assert [one["name"] for one in said.json()["files"]] == ["a.log", "b.log", "c.log"]
    assert _names(inbox) == ["a.log", "b.log", "c.log"]


def test_names_that_are_there_already_are_kept_apart(client, inbox):
    for content in (b"1", b"2", b"3"):
        assert _send(client, ("a.log", content)).status_code == 201
    assert {name: (inbox / name).read_bytes() for name in _names(inbox)} == {"a.log": b"1", "a~2.log": b"2", "a~3.log": b"3"}


@pytest.mark.parametrize("name", ["../../x.log", "/etc/x.log", "C:\\dir\\x.log", "..\\x.log", ".x.log", "  x.log", "x.log/"])
def test_a_path_becomes_its_last_part(client, inbox, name):
    assert _send(client, (name, b"x\n")).json()["files"][0]["name"] == "x.log"
    assert _names(inbox) == ["x.log"]


def test_a_name_with_a_pattern_leads_to_itself(client):
    assert _send(client, ("a[1]*.log", b"x\n")).json()["files"][0]["href"] == "/files?name=a%5B%5B%5D1%5D%5B%2A%5D.log"


def test_a_name_that_is_not_utf_8_is_taken_with_other_characters(client, inbox):
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a\xff\x1b[2Jb.log"\r\n\r\nline\r\n--x--\r\n'
    said = client.post("/files", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert said.json()["files"][0]["name"] == "a__[2Jb.log"
    assert _names(inbox) == ["a__[2Jb.log"]


def test_a_form_whose_file_was_not_chosen_has_none(client, inbox):
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\n\r\n--x--\r\n'
    said = client.post("/files", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert (said.status_code, said.json()["error"]["code"]) == (400, "no_file")
    named = body.replace(b"\r\n\r\n\r\n", b"\r\n\r\nline\r\n")
    said = client.post("/files", content=named, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert said.json()["files"][0]["name"] == "upload"
    assert _names(inbox) == ["upload"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", b"x"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=" + "x" * 1000, b"x"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"no form"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=f; filename=a\r\n\r\nbroken o"),
        ("multipart/form-data; boundary=x", b"--x\r\nA: " + b"a" * 100_000 + b"\r\n\r\nx\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n" + b"a" * 100_000 + b"\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x--\r\n"),
    ],
)
def test_what_is_no_form_with_files_is_refused_and_leaves_nothing(client, inbox, kind, body):
    said = client.post("/files", content=body, headers={"Content-Type": kind})
    assert said.status_code == 400
    assert said.json()["error"]["code"] in ("no_form", "no_file")
    assert _names(inbox) == []


@pytest.mark.parametrize("disposition", ["form-data; name=f", "form-data; name=f; filename=a.log"])
def test_a_form_of_too_many_parts_is_refused(client, inbox, disposition, monkeypatch):
    monkeypatch.setattr("linemill.web.upload.MOST_PARTS", 3)
    part = f"--x\r\nContent-Disposition: {disposition}\r\n\r\nline\r\n".encode()
    said = client.post("/files", content=part * 4 + b"--x--", headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert (said.status_code, said.json()["error"]["code"]) == (413, "too_many")
    assert len(_names(inbox)) == (3 if "filename" in disposition else 0)


def test_a_file_that_is_too_large_is_refused_while_it_streams(sending, inbox):
    sent = 0

    def body():
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.log"\r\n\r\n'
        while sent < 100:
            sent += 1
            yield b"y" * 100_000
        yield b"\r\n--x--\r\n"

    client = sending("upload: {max_size: 1 MB}\n")
    said = client.post("/files", content=body(), headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert (said.status_code, said.json()["error"]["code"]) == (413, "too_big")
    assert _names(inbox) == []
    assert _send(client, ("b.log", b"y" * 1_000_000)).status_code == 201
    assert _send(client, ("c.log", b"y" * 1_000_001)).status_code == 413
    assert _names(inbox) == ["b.log"]


def test_the_inbox_has_a_quota_and_what_is_still_sent_counts(sending, inbox):
    client = sending("upload: {quota: 100kB}\n")
    assert _send(client, ("a.log", b"y" * 60_000)).status_code == 201
    with_other = Incoming(inbox)
    with_other.write([b"y" * 30_000])
    said = _send(client, ("b.log", b"y" * 20_000))
    assert (said.status_code, said.json()["error"]["code"]) == (413, "quota")
    with_other.discard()
    assert _send(client, ("b.log", b"y" * 20_000)).status_code == 201
    assert _names(inbox) == ["a.log", "b.log"]


def test_a_disk_with_little_room_is_not_filled(sending, inbox):
    said = _send(sending("watch: {min_free: 1000000 TB}\n"), ("a.log", b"x"))
    assert (said.status_code, said.json()["error"]["code"]) == (507, "disk_full")
    assert _names(inbox) == []


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.log", b"plain\n", None),
        ("a.log", b"", None),
        ("a.log", "text\n".encode("utf-16"), None),
        ("a.log", b"\x7fELF\0\0", "content"),
        ("a", b"x" * 65_535 + b"\0", "content"),
        ("a.log.gz", gzip.compress(b"x\n", mtime=0), None),
        ("a.GZ", gzip.compress(b"x\n", mtime=0), None),
        ("a.gz", b"no gzip\n", "content"),
        ("a.gz", b"", "content"),
        ("a.gz", bz2.compress(b"x\n"), "content"),
        ("a.bz2", bz2.compress(b"x\n"), None),
        ("a.txt", gzip.compress(b"x\n", mtime=0), "content"),
        ("a", gzip.compress(b"x\n", mtime=0), None),
    ],
)
def test_the_content_must_be_what_the_name_says(client, inbox, name, content, code):
    said = _send(client, (name, content))
    assert said.status_code == (415 if code else 201)
    assert said.json().get("error", {}).get("code") == code
    assert _names(inbox) == ([] if code else [name])


def test_text_in_an_encoding_with_nuls_is_text(sending):
    assert _send(sending("input: {encoding: utf-16-le}\n"), ("a.log", "text\n".encode("utf-16-le"))).status_code == 201


def test_only_suffixes_that_are_allowed_are_taken(sending, inbox):
    client = sending("upload: {suffixes: [.log, .log.gz]}\n")
    said = _send(client, ("a.txt", b"x\n"))
    assert (said.status_code, said.json()["error"]["hint"]) == (415, "upload.suffixes allows .log, .log.gz")
    assert _send(client, ("a.LOG", b"x\n")).status_code == 201
    assert _names(inbox) == ["a.LOG"]


@pytest.mark.parametrize("name", ["a.txt", "a.log.part", "b.log~", "a.log.done"])
def test_a_name_that_the_inbox_would_ignore_is_refused_with_the_reason(sending, inbox, name):
    said = _send(sending("watch: {include: ['*.log', '*.done', '*.part', '*~'], marker: .done}\n"), (name, b"x\n"))
    assert (said.status_code, said.json()["error"]["code"]) == (422, "name")
    assert _names(inbox) == []
    if name == "a.txt":
        assert said.json()["error"]["what"].endswith("watch.include: *.log, *.done, *.part, *~")


def test_the_marker_is_put_beside_the_file(sending, inbox):
    assert _send(sending("watch: {marker: .done}\n"), ("a.log", b"x\n")).status_code == 201
    assert _names(inbox) == ["a.log", "a.log.done"]


def test_those_before_one_that_is_refused_are_taken_and_named(client, inbox):
    said = _send(client, ("a.log", b"1\n"), ("b.log", b"2\n"), ("c.log", b"\0"), ("d.log", b"4\n"))
    assert said.status_code == 415
    assert said.json()["error"]["where"] == "c.log"
    assert said.json()["error"]["hint"].endswith("; taken before it: a.log, b.log")
    assert _names(inbox) == ["a.log", "b.log"]


def test_a_file_has_the_permissions_that_are_usual(client, inbox):
    before = os.umask(0o027)
    try:
        _send(client, ("a.log", b"x\n"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((inbox / "a.log").stat().st_mode) == 0o640


def test_an_inbox_that_is_not_there_is_made(client, inbox):
    assert not inbox.exists()
    assert _send(client, ("a.log", b"x\n")).status_code == 201


def test_an_inbox_that_cannot_be_made_is_told(client, inbox):
    inbox.write_text("in the way")
    said = _send(client, ("a.log", b"x\n"))
    assert (said.status_code, said.json()["error"]["what"]) == (503, "the inbox cannot be made: file exists")


def test_of_a_name_that_is_often_there_not_every_number_is_tried(client, inbox, monkeypatch):
    inbox.mkdir()
    for number in range(1, 500):
        (inbox / life_name("a.log", number)).touch()
    tried = []

    def rename(source, place):
        tried.append(place.name)
        rename_to_free(source, place)

    monkeypatch.setattr(incoming, "rename_to_free", rename)
    assert _send(client, ("a.log", b"x\n")).json()["files"][0]["name"] == "a~500.log"
    assert tried == ["a~500.log"]


def test_an_inbox_that_is_moved_away_meanwhile_is_told(client, inbox, monkeypatch):
    finish = upload._Part.finish

    def late(part, note):
        inbox.rename(inbox.with_name("elsewhere"))
        return finish(part, note)

    monkeypatch.setattr(upload._Part, "finish", late)
    said = _send(client, ("a.log", b"x\n"))
    assert (said.status_code, said.json()["error"]["what"]) == (
        503,
        "the inbox cannot be looked at: no such file or directory",
    )
