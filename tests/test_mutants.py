"""Small deliberate faults are seen by the tests of the module they are in (tests/mutants.py)."""

import mutants
import pytest
from mutants import MUTANTS, ROOT, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.breaks)
def test_a_fault_is_a_place_in_the_code_as_it_is(mutant):
    texts = mutants.changed(ROOT, mutant)
    for file, text in texts.items():
        assert text != (ROOT / file).read_text()
        compile(text, str(file), "exec")
    for argument in mutant.arguments:
        assert not argument.endswith(".py") or (ROOT / "tests" / argument).is_file(), argument


def test_a_text_that_is_not_there_is_told():
    moved = Mutant("nothing", (("arithmetic/fixed", "no such line", "x"),))
    with pytest.raises(ValueError, match=r"nothing: 'no such line' is 0 times in .*/fixed.py.*mutants.py"):
        mutants.changed(ROOT, moved)


def test_there_are_faults_enough_and_none_twice():
    assert len(MUTANTS) >= 30
    assert len({mutant.breaks for mutant in MUTANTS}) == len({mutant.edits for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.breaks)
def test_a_fault_is_seen(mutant):
    assert mutants.seen_by(mutant), f"{mutant.breaks}: every test of {' '.join(mutant.arguments)} passes"
