def test_events_name_their_files_and_who_did_it(records, client):
    file_id = records.file("a\x1b.log")
    records.event("retry", file_id=file_id, at=1.0, who="ann", detail="a")
    records.event("retry", file_id=file_id + 1, at=2.0)
    records.event("pause", at=3.0, detail="disk")
    page = client.get("/events", params={"limit": 2}).json()
    assert [(event["what"], event["file"]) for event in page["events"]] == [("pause", None), ("retry", None)]
    (last,) = client.get("/events", params={"after": page["after"]}).json()["events"]
    assert (last["who"], last["what"], last["file"], last["detail"]) == ("ann", "retry", r"a\x1b.log", "a")
    assert client.get("/events", params={"after": "x"}).status_code == 400
