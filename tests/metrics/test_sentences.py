"""What a figure allows one to say."""

from metrics import figures, sentences
from metrics.figures import Change


def test_a_change_within_the_noise_says_how_large_a_change_would_have_to_be():
    change = Change(7, 9, ratio=-0.09, low=-0.62, high=0.55, noise=0.598)

    assert sentences.headline(change) == "cannot tell"
    assert sentences.honest(change) == (
        "Cannot tell: with 7 incidents a change under 60 % is noise; this one is 9 %."
    )


def test_a_real_change_names_its_interval_from_near_to_far():
    change = Change(38, 40, ratio=-0.38, low=-0.55, high=-0.12, noise=0.3)

    assert sentences.headline(change) == "38 % shorter"
    assert sentences.honest(change) == "Real: between 12 and 55 % shorter, 19 times in 20."


def test_a_large_growth_is_told_in_multiples():
    change = Change(38, 40, ratio=4.0, low=2.0, high=8.0, noise=0.9)

    assert sentences.headline(change) == "5.0 times as long"
    assert sentences.honest(change) == "Real: between 3.0 and 9.0 times as long, 19 times in 20."


def test_too_few_says_on_which_side():
    assert sentences.honest(figures.change([60], [60, 70, 80])) == (
        "Cannot tell: 1 incident is too few to compare."
    )
    assert sentences.honest(figures.change([60, 70, 80], [])) == (
        "Cannot tell: the period before had 0 incidents, too few to compare."
    )
