from hypothesis import given
from hypothesis import strategies as st

from catalog import steps

BODY = """Pool exhausted
- [ ] Look at the **pool**
- [x] Restart one worker
```
- [ ] not a step, a sample
```
1. [ ] Call the database team
- [ ] Look at the **pool**
Then wait."""


def test_boxes_are_steps_and_the_rest_stays_words():
    found = steps.blocks(BODY)

    assert [block.step.text for block in found if block.step] == [
        "Look at the **pool**",
        "Restart one worker",
        "Call the database team",
        "Look at the **pool**",
    ]
    assert found[0].words == "Pool exhausted"
    assert found[3].words.startswith("```") and "not a step" in found[3].words
    assert found[-1].words == "Then wait."


def test_the_same_words_twice_are_two_boxes_and_other_edits_move_no_key():
    before = steps.steps(BODY)
    after = steps.steps(BODY.replace("Restart one worker", "Restart all workers"))

    assert len({step.key for step in before}) == 4
    assert [before[0], before[2], before[3]] == [after[0], after[2], after[3]]
    assert before[1].key != after[1].key


@given(st.text(max_size=400))
def test_nothing_that_somebody_wrote_is_lost(body):
    found = steps.blocks(body)
    kept = sum(len(block.words.split()) for block in found if not block.step)
    kept += sum(len(block.step.text.split()) for block in found if block.step)
    marks = sum(2 + ("[ ]" in line) for line in body.splitlines() if steps.steps(line))
    assert kept >= sum(len(line.split()) for line in body.splitlines()) - marks
