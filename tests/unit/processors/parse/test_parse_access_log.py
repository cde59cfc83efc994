import json
from datetime import datetime, timedelta

import pytest

from linemill.processors import parse_access_log

COMMON = '10.0.0.1 - ann [10/Oct/2025:13:55:36 -0730] "GET /a?b=c HTTP/1.1" 200 2326'


def test_a_common_line_has_every_field():
    assert parse_access_log(COMMON) == {
        "host": "10.0.0.1",
        "identity": None,
        "user": "ann",
        "time": "2025-10-10T13:55:36-07:30",
        "request": "GET /a?b=c HTTP/1.1",
        "method": "GET",
        "path": "/a?b=c",
        "protocol": "HTTP/1.1",
        "status": 200,
        "size": 2326,
        "referer": None,
        "agent": None,
        "rest": None,
    }


def test_a_combined_line_has_referer_agent_and_what_the_server_adds():
    record = parse_access_log(COMMON + r' "https://a.example/" "curl \"8\"" "-" 0.012')
    assert (record["referer"], record["agent"], record["rest"]) == ("https://a.example/", r"curl \"8\"", '"-" 0.012')


def test_the_time_is_iso_8601():
    assert datetime.fromisoformat(parse_access_log(COMMON)["time"]).utcoffset() == timedelta(hours=-7.5)


def test_a_size_of_none_is_zero():
    assert parse_access_log(COMMON.replace("2326", "-"))["size"] == 0


@pytest.mark.parametrize("request_", ["-", r"\x16\x03\x01", "GET /", ""])
def test_a_request_that_is_none_is_kept_without_parts(request_):
    record = parse_access_log(COMMON.replace("GET /a?b=c HTTP/1.1", request_))
    assert record["request"] == (None if request_ == "-" else request_)
    assert (record["method"], record["path"], record["protocol"]) == (None, None, None)


def test_a_user_and_a_path_may_hold_blanks():
    record = parse_access_log(COMMON.replace("ann", "Ann Lee").replace("/a?b=c", "/a b"))
    assert (record["user"], record["path"]) == ("Ann Lee", "/a b")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "10:00 INFO started",
        COMMON.replace("200", "2000"),
        COMMON.replace("13:55", "25:55"),
        COMMON + " trailing",
        COMMON.replace('1.1"', "1.1"),
        COMMON.replace("200", "٢٠٠"),
    ],
)
def test_a_line_of_another_form_is_refused_with_the_line(line):
    with pytest.raises(ValueError) as refused:
        parse_access_log(line)
    assert str(refused.value).startswith(f"expected a line of a common or combined access log, found {line[:80]!r}")


@pytest.mark.parametrize("day", ["31/Feb/2025", "10/Okt/2025", "00/Oct/2025"])
def test_a_day_that_never_was_is_refused(day):
    with pytest.raises(ValueError) as refused:
        parse_access_log(COMMON.replace("10/Oct/2025", day))
    assert str(refused.value) == f"expected a day such as 10/Oct/2025, found {day!r}"


def test_every_line_of_a_real_log_is_parsed(shared_data):
    name = "logs/logfile_shop_access_log.0"
    lines = (shared_data / name).read_text().splitlines()
    records = [parse_access_log(line) for line in lines]
    assert len(records) == json.loads((shared_data / "FACTS.json").read_text())[name]["lines"]
    for line, record in zip(lines, records, strict=True):
        assert f'"{record["request"]}" {record["status"]} {record["size"]} "' in line
        assert line.startswith(f"{record['host']} - - [22/Jan/2019:{record['time'][11:19]} +0330] ")
        assert record["time"].startswith("2019-01-22T")
        assert record["time"].endswith("+03:30")
        assert line.endswith(f'" {record["rest"]}')
