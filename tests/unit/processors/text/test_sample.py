import pytest

from linemill.processors import sample

LINES = [str(number) for number in range(10_000)]


def passed(processor: sample) -> list[str]:
    return [line for line in LINES if processor(line) is not None]


def test_every_lets_the_first_of_so_many_lines_through():
    assert passed(sample(every=4)) == LINES[::4]
    assert passed(sample(every=1)) == LINES


def test_a_share_is_about_kept():
    assert 900 < len(passed(sample(share=0.1))) < 1100
    assert passed(sample(share=1)) == LINES


def test_a_second_run_gives_the_same_lines():
    assert passed(sample(share=0.1, seed=3)) == passed(sample(share=0.1, seed=3))


def test_another_seed_chooses_other_lines():
    assert passed(sample(share=0.1, seed=3)) != passed(sample(share=0.1, seed=4))


@pytest.mark.parametrize("settings", [{}, {"every": 2, "share": 0.5}])
def test_exactly_one_way_must_be_given(settings):
    with pytest.raises(ValueError, match=r"^give either every .* or share"):
        sample(**settings)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"^every must be 1 or more, found 0$"):
        sample(every=0)
    with pytest.raises(ValueError, match=r"^share must be more than 0 and at most 1, found 0$"):
        sample(share=0)
    with pytest.raises(ValueError, match=r"^share must be more than 0 and at most 1, found 10$"):
        sample(share=10)
