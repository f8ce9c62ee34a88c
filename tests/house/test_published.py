"""The corpus of published faults: each has a source, a sentence and a test of its own."""

from docs import published

ENOUGH = 60


def test_the_corpus_is_large_enough_and_each_fault_says_whose_it_was():
    faults = published.corpus()
    assert len(faults) >= ENOUGH
    assert not [one.test for one in faults if not one.sources or not one.fault.endswith(".")]


def test_no_source_stands_twice():
    sources = [source for one in published.corpus() for source in one.sources]
    assert sorted(sources) == sorted(set(sources))


def test_each_file_is_marked_with_the_number_of_its_section():
    files = list(published.CORPUS.glob("test_*.py"))
    assert len(files) >= 4
    assert not [path.name for path in files if 'pytestmark = pytest.mark.fault("7")' not in path.read_text()]
