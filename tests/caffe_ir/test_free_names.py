from __future__ import annotations

from caffe_ir.free_names import FreeNames, free_name


class Asked(set[str]):
    """Counts how often it is asked for a name."""

    count = 0

    def __contains__(self, name: object) -> bool:
        self.count += 1
        return super().__contains__(name)


def test_names_are_numbered_without_asking_for_those_before() -> None:
    names = FreeNames(Asked({"relu_2", "relu_5"}))
    given = [names.take("relu") for _ in range(1000)]
    assert given[:5] == ["relu", "relu_3", "relu_4", "relu_6", "relu_7"]
    assert given[-1] == "relu_1002"
    assert names.take("relu_7") == "relu_7_2"
    assert isinstance(names.taken, Asked)
    assert names.taken.count < 2000


def test_what_is_taken_elsewhere_is_asked_for_once() -> None:
    elsewhere = Asked({"part", "part_3"})
    names = FreeNames({"part_2"})
    given = [names.take("part", elsewhere.__contains__) for _ in range(1000)]
    assert given[:3] == ["part_4", "part_5", "part_6"]
    assert elsewhere.count < 1010


def test_the_first_number_that_is_free() -> None:
    assert free_name("x", {"y"}.__contains__) == "x"
    assert free_name("x", {"x", "x_2", "x_4"}.__contains__) == "x_3"
