from linemill.drawing import text

DRAWN = """\
web-logs
└─→ clean: processors.text:strip_ansi (line)
   └─→ level: linemill.processors:tag_by_pattern (line)
      ├─ error, fatal → output errors: out/errors/{name}
      ├─ warn → output warnings: out/warnings/{name}
      ├─ warn → audit: processors.audit:Counter (tagged stream)
      │  └─→ snake: processors.text:Snake (line)
      │     └─→ output general: out/general/{name}
      ├─ debug → dropped
      └─ all others → snake (above)
"""


def test_a_pipeline_is_a_tree_in_which_each_node_is_drawn_once(web_logs):
    assert text(web_logs) == DRAWN
