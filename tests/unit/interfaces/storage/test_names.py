import pytest

from gridagora.interfaces.storage.names import is_safe_name, name_faults


@pytest.mark.parametrize("name", ["a", "prices-c2.0", "0", "a_b", "x" * 64])
def test_plain_names_are_safe(name):
    assert is_safe_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../x",
        "/etc/passwd",
        "a/b",
        "a\\b",
        "..",
        ".hidden",
        "a\0",
        "a\n",
        "A",
        "con",
        "nul.txt",
        "com1",
        "ends.",
        "x" * 65,
        "é",
        "a b",
    ],
)
def test_names_that_leave_the_folder_or_mean_something_else_are_refused(name):
    assert not is_safe_name(name)


def test_every_fault_has_a_sentence():
    assert name_faults("cell", ["a", "b", "a", "../x"]) == [
        "cell 'a' stands there twice, expected once.",
        "cell '../x' cannot name a file, expected 1 to 64 of a-z, 0-9, '.', '_', '-', "
        "starting with a letter or digit.",
    ]
