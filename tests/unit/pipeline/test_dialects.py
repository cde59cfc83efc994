def routes(pipeline):
    return {node.name: dict(node.routes) for node in pipeline.nodes}


def paths(pipeline):
    return {output.name: output.path for output in pipeline.outputs}


def test_a_chain_goes_straight_to_the_only_output(project):
    project.write("processors/upper.py", "def to_uppercase(line): return line.upper()\n")
    project.write(
        "processors/text.py",
        "class Snake:\n    def __init__(self, config): self.by = config['by']\n    def process(self, line): ...\n",
    )
    pipeline = project.load(
        "pipeline:\n- type: processors.upper.to_uppercase\n- {type: processors.text.Snake, config: {by: _}}\n"
        "- {use: 'processors.upper:to_uppercase', mode: line}\noutputs: {all: 'all/{name}'}\n"
    )
    assert routes(pipeline) == {
        "to_uppercase": {"*": ("Snake",)},
        "Snake": {"*": ("to_uppercase-2",)},
        "to_uppercase-2": {"*": ("all",)},
    }
    assert pipeline.entry == "to_uppercase"
    assert pipeline.nodes[1].settings == {"by": "_"}
    assert (pipeline.nodes[1].line, pipeline.nodes[1].column) == (3, 3)


def test_a_chain_without_outputs_writes_a_file_per_input(project):
    pipeline = project.load("pipeline: [{type: p.up}]\n")
    assert routes(pipeline) == {"up": {"*": ("output",)}}
    assert paths(pipeline) == {"output": "out/{name}"}


def test_a_node_of_a_chain_never_takes_the_name_of_an_output(project):
    project.write("q.py", "def output(line): ...\ndef drop(line): ...\n")
    pipeline = project.load("pipeline: [{type: q.output}, {type: q.drop}]\n")
    assert [node.name for node in pipeline.nodes] == ["output-2", "drop-2"]


def test_in_a_tagged_list_a_tag_names_a_later_node_an_output_or_the_end(project):
    pipeline = project.load("nodes:\n- {tag: start, type: p.up}\n- {tag: x, type: p.up}\n- {tag: y, type: p.up}\n")
    assert routes(pipeline) == {
        "start": {"x": ("x",), "y": ("y",), "output": ("output",), "end": ("output",)},
        "x": {"y": ("y",), "output": ("output",), "end": ("output",)},
        "y": {"output": ("output",), "end": ("output",)},
    }
    assert pipeline.entry == "start"
    assert paths(pipeline) == {"output": "out/{name}"}


def test_a_tagged_list_begins_with_its_first_node_if_none_is_called_start(project):
    assert project.load("nodes: [{tag: a, type: p.up}, {tag: b, type: p.up}]\n").entry == "a"


def test_the_end_is_the_output_of_that_name(project):
    pipeline = project.load("nodes: [{tag: a, type: p.up}]\noutputs: {end: 'end/{name}', bad: 'bad/{name}'}\n")
    assert routes(pipeline) == {"a": {"end": ("end",), "bad": ("bad",)}}


def test_with_several_outputs_and_none_called_end_nothing_leaves_by_end(project):
    pipeline = project.load("nodes: [{tag: a, type: p.up}]\noutputs: {good: 'good/{name}', bad: 'bad/{name}'}\n")
    assert routes(pipeline) == {"a": {"good": ("good",), "bad": ("bad",)}}


def test_a_chain_that_ends_nowhere_is_told(project):
    expected = "pipeline.yaml:2:10: outputs: found an empty mapping, and a straight chain ends in an output"
    assert project.refusal("pipeline: [{type: p.up}]\noutputs: {}\n") == expected
    assert project.refusal("pipeline: [{type: p.up}]\noutputs: 3\n") == "pipeline.yaml:2:10: outputs: found 3, wants a mapping"
