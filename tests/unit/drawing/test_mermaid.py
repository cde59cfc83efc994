import re
from dataclasses import replace

from linemill.drawing import mermaid

DRAWN = """\
flowchart LR
  file(["a file"]) --> node1
  node1["<b>clean</b><br>processors.text:strip_ansi<br>line"]
  node2["<b>level</b><br>linemill.processors:tag_by_pattern<br>line"]
  node3["<b>audit</b><br>processors.audit:Counter<br>tagged stream"]
  node4["<b>snake</b><br>processors.text:Snake<br>line"]
  output1[/"<b>errors</b><br>out/errors/{name}"/]
  output2[/"<b>warnings</b><br>out/warnings/{name}"/]
  output3[/"<b>general</b><br>out/general/{name}"/]
  node1 --> node2
  node2 -->|"error, fatal"| output1
  node2 -->|"warn"| output2
  node2 -->|"warn"| node3
  node2 -->|"debug"| drop2(["dropped"])
  node2 -->|"all others"| node4
  node3 --> node4
  node4 --> output3
"""


def test_a_pipeline_is_a_flow_chart(web_logs):
    assert mermaid(web_logs) == DRAWN


def test_no_name_can_break_out_of_its_label(web_logs, make_node):
    name = 'x"]; click node1 "javascript:alert(1)"\n<script>`#quot;'
    hostile = replace(web_logs, nodes=(make_node(name, {"*": ("errors",)}),), entry=name, outputs=web_logs.outputs[:1])
    (label,) = re.findall(r'^  node1\["(.*)"\]$', mermaid(hostile), re.MULTILINE)
    assert not set(re.sub(r"</?b>|<br>", "", label)) & set('"<>`\n')
    assert "#35;quot#59;" in label or "#35;quot;" in label
