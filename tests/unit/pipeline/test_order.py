def node(name, to):
    return f"  {name}: {{use: p:up, to: {to}}}\n"


OUT = "outputs: {out: 'out/{name}'}\n"


def test_a_target_a_list_and_a_mapping_are_routes(project):
    pipeline = project.load(
        "nodes:\n" + node("a", "{x: b, 404: [b, out], '*': drop}") + node("b", "[c, out]") + node("c", "drop") + OUT
    )
    assert [dict(each.routes) for each in pipeline.nodes] == [
        {"x": ("b",), "404": ("b", "out"), "*": ("drop",)},
        {"*": ("c", "out")},
        {"*": ("drop",)},
    ]


def test_nodes_stand_after_those_they_get_lines_from_and_else_as_in_the_file(project):
    pipeline = project.load(
        "start: s\nnodes:\n" + node("z", "out") + node("m", "z") + node("b", "out") + node("a", "[m, b]") + node("s", "a") + OUT
    )
    assert [each.name for each in pipeline.nodes] == ["s", "a", "m", "z", "b"]
    assert pipeline.entry == "s"


def test_a_pipeline_may_end_in_drop_only(project):
    assert project.load("nodes:\n" + node("a", "drop")).outputs == ()


def test_a_chain_of_a_thousand_nodes_is_no_trouble(project):
    nodes = "".join(node(f"n{number}", f"n{number + 1}") for number in range(999)) + node("n999", "out")
    assert len(project.load(f"nodes:\n{nodes}{OUT}").nodes) == 1000


def test_a_circle_of_a_thousand_nodes_is_told_once(project):
    nodes = "".join(node(f"n{number}", f"n{(number + 1) % 1000}") for number in range(1000))
    message = project.refusal(f"nodes:\n{nodes}{OUT.replace('outputs', '# outputs')}")
    assert message.startswith("pipeline.yaml:1001:25: the routes go in a circle: n0 → n1 → n2 →")
    assert "\n" not in message


def test_what_hangs_behind_a_circle_is_not_blamed_for_it(project):
    message = project.refusal("nodes:\n" + node("a", "b") + node("b", "[a, c]") + node("c", "out") + OUT)
    expected = (
        "pipeline.yaml:3:23: the routes go in a circle: a → b → a; send these lines elsewhere: a line passes each node once"
    )
    assert message == expected


def test_a_misspelled_target_does_not_make_the_right_one_unreached(project):
    message = project.refusal("nodes:\n" + node("first", "secnd") + node("second", "outt") + OUT)
    assert message.splitlines() == [
        'pipeline.yaml:2:26: nodes.first.to: "secnd" is neither a node nor an output; did you mean "second"?',
        'pipeline.yaml:3:27: nodes.second.to: "outt" is neither a node nor an output; did you mean "out"?',
    ]
