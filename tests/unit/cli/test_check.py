def test_a_right_pipeline_is_shown_with_its_nodes_and_outputs(mill, linemill):
    said = linemill("check")
    assert said.code == 0
    assert said.out == (
        "pipeline.yaml is right: 4 nodes, 3 outputs\n"
        "  clean     line           processors.text:strip_ansi\n"
        "  level     line           linemill.processors:tag_by_pattern\n"
        "  audit     tagged stream  processors.audit:Counter\n"
        "  snake     line           processors.text:Snake\n"
        "  errors    output         out/errors/{name}\n"
        "  warnings  output         out/warnings/{name}\n"
        "  general   output         out/general/{name}\n"
        "A large file is worked from end to end: audit may hold state from line to line.\n"
    )


def test_without_a_pipeline_file_it_exits_with_2(linemill, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert linemill("check").code == 2
