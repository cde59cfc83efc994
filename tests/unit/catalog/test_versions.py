from linemill.catalog import Catalog


def test_the_current_version_is_the_one_that_was_loaded_last(records, history):
    with Catalog.open(records.folder, "test") as catalog:
        old = catalog.version("old", {}, 1.0)
        new = catalog.version("new", {}, 2.0)
        assert catalog.version("old", {}, 3.0) == old
    version = history.current_version()
    assert version is not None
    assert version.id == old
    before = history.version_before(new)
    assert before is not None
    assert before.id == old
    assert history.version_before(1) is None
