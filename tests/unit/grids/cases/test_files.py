"""Finding and reading cases."""

import pytest

from gridagora.errors import InvalidCaseError, MissingFileError, UnknownNameError
from gridagora.grids.cases.files import decode, read_case, resolve_any_case
from gridagora.grids.feeders import FEEDERS


def write(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.dss").write_text(text)
    return folder / "main.dss"


@pytest.mark.parametrize("name", sorted(FEEDERS))
def test_a_shipped_feeder_is_found_by_name_and_trusted(name):
    case = read_case(name.upper())

    assert case.name == name
    assert case.trusted


def test_a_misspelt_feeder_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError) as caught:
        read_case("ieee34x")

    assert str(caught.value) == (
        "no feeder or case file is called 'ieee34x'. Did you mean 'ieee34'? "
        "Known: ieee123, ieee13, ieee34, ieee37."
    )


def test_a_missing_file_is_answered_with_what_the_folder_has(tmp_path):
    (tmp_path / "feeder.dss").write_text("clear")
    (tmp_path / "notes.txt").write_text("")

    with pytest.raises(MissingFileError) as caught:
        read_case(tmp_path / "feedr.dss")

    assert str(caught.value) == (
        f"OpenDSS case not found: {tmp_path / 'feedr.dss'}. "
        "In that folder: feeder.dss, notes.txt."
    )


def test_a_missing_folder_has_no_neighbours_to_show(tmp_path):
    with pytest.raises(MissingFileError, match=r"x\.dss\.$"):
        read_case(tmp_path / "nowhere" / "x.dss")


def test_letter_case_of_file_names_does_not_matter(tmp_path):
    (tmp_path / "Lines.DSS").write_text("New Line.a bus1=s bus2=t")
    (tmp_path / "MAIN.dss").write_text("redirect LINES.dss")

    case = read_case(tmp_path / "main.DSS")

    assert [item.text for item in case.statements] == ["New Line.a bus1=s bus2=t"]
    assert case.statements[0].where == "Lines.DSS:1"


def test_a_path_through_a_file_leads_nowhere(tmp_path):
    (tmp_path / "a.dss").write_text("clear")

    assert resolve_any_case(tmp_path / "A.dss" / "b.dss") is None


def test_windows_line_ends_marks_and_latin_letters_are_read(tmp_path):
    path = tmp_path / "a.dss"
    path.write_bytes(b"\xef\xbb\xbfClear\r\n! Stra\xc3\x9fe\r\nNew Load.x kw=1\r\n")
    assert [item.text for item in read_case(path).statements] == [
        "Clear",
        "New Load.x kw=1",
    ]
    assert decode(b"caf\xe9") == "café"


def test_block_comments_are_left_out_and_must_close(tmp_path):
    path = write(tmp_path, main="/* a\nexport x\n*/\nclear")
    assert [item.text for item in read_case(path).statements] == ["clear"]

    path.write_text("clear\n/* never closed")
    with pytest.raises(InvalidCaseError, match="a comment opened by"):
        read_case(path)


def test_a_folder_with_one_script_or_one_main_script_is_a_case(tmp_path):
    write(tmp_path, only="clear")
    assert read_case(tmp_path).name == "only"
    write(tmp_path, main="clear")
    assert read_case(tmp_path).name == "main"


def test_a_folder_without_a_clear_main_file_is_refused(tmp_path):
    write(tmp_path, one="clear", two="clear")
    with pytest.raises(InvalidCaseError) as caught:
        read_case(tmp_path)
    assert str(caught.value) == (
        f"case folder {tmp_path.name!r}: it is not clear which of one.dss, two.dss is "
        "the main file; name the file."
    )


def test_a_folder_without_scripts_is_refused(tmp_path):
    (tmp_path / "readme.md").write_text("")
    with pytest.raises(MissingFileError, match=r"\*\.dss\. In that folder: readme\.md"):
        read_case(tmp_path)


def test_redirects_in_a_circle_are_refused(tmp_path):
    path = write(tmp_path, main="redirect other.dss", other="redirect main.dss")
    with pytest.raises(InvalidCaseError) as caught:
        read_case(path)
    assert str(caught.value) == (
        "case 'main.dss': other.dss:1: main.dss redirects to itself."
    )


def test_a_script_that_redirects_to_itself_is_refused(tmp_path):
    path = write(tmp_path, main="redirect main.dss")
    with pytest.raises(InvalidCaseError, match=r"main\.dss redirects to itself"):
        read_case(path)


def test_redirects_deeper_than_sixteen_are_refused(tmp_path):
    for depth in range(20):
        (tmp_path / f"f{depth}.dss").write_text(f"redirect f{depth + 1}.dss")
    (tmp_path / "f20.dss").write_text("clear")
    with pytest.raises(InvalidCaseError, match="nested more than 16 deep"):
        read_case(tmp_path / "f0.dss")


def test_files_outside_the_folder_are_refused(tmp_path):
    (tmp_path / "secret.dss").write_text("clear")
    inner = tmp_path / "case"
    inner.mkdir()
    path = write(inner, main="redirect ../secret.dss\nbuscoords ..\\secret.dss")

    with pytest.raises(InvalidCaseError) as caught:
        read_case(path)

    assert caught.value.faults == (
        "main.dss:1: file '../secret.dss' lies outside the case's folder; copy it "
        "there.",
        "main.dss:2: file '..\\\\secret.dss' lies outside the case's folder; copy it "
        "there.",
    )
    assert len(read_case(path, trusted=True).statements) == 2


def test_a_link_out_of_the_folder_is_followed_before_it_is_judged(tmp_path):
    (tmp_path / "secret.dss").write_text("clear")
    inner = tmp_path / "case"
    inner.mkdir()
    (inner / "link.dss").symlink_to(tmp_path / "secret.dss")
    path = write(inner, main="redirect link.dss")
    with pytest.raises(InvalidCaseError, match="lies outside"):
        read_case(path)


def test_missing_data_files_and_all_other_faults_come_in_one_error(tmp_path):
    path = write(
        tmp_path,
        main="buscoords nowhere.csv\nexport v\nnew load.a kw=nan\nredirect gone.dss",
    )
    with pytest.raises(InvalidCaseError) as caught:
        read_case(path)
    assert len(caught.value.faults) == 4
    assert caught.value.faults[0] == (
        "main.dss:1: file 'nowhere.csv' not found; that folder has main.dss."
    )


def test_data_files_become_absolute_and_count_in_the_digest(tmp_path):
    data = tmp_path / "Shape.csv"
    data.write_text("1\n2\n")
    path = write(tmp_path, main="new loadshape.a npts=2 mult=(file=shape.CSV)")

    before = read_case(path)
    data.write_text("1\n3\n")

    assert f'mult=(file="{data}")' in before.statements[0].text
    assert read_case(path).digest != before.digest


def test_middle_buses_are_read_with_half_as_the_default_share(tmp_path):
    path = write(tmp_path, main="clear")
    table = tmp_path / "distributed_loads.csv"
    table.write_text("mid_bus,from_bus,to_bus\nM1,A,b\n")

    [middle] = read_case(path).mid_line

    assert (middle.bus, middle.from_bus, middle.to_bus) == ("m1", "a", "b")
    assert middle.share_from == 0.5


def test_unusable_middle_buses_are_refused(tmp_path):
    path = write(tmp_path, main="clear")
    table = tmp_path / "distributed_loads.csv"
    table.write_text("mid_bus,from_bus,to_bus,share_from\nm,a,,0.5\nm,a,b,2\nm,a,b,x\n")
    with pytest.raises(InvalidCaseError) as caught:
        read_case(path)
    assert caught.value.faults == (
        "distributed_loads.csv:2: expected mid_bus, from_bus, to_bus and share_from in "
        "[0, 1], got ['m', 'a', '', '0.5'].",
        "distributed_loads.csv:3: expected mid_bus, from_bus, to_bus and share_from in "
        "[0, 1], got ['m', 'a', 'b', '2'].",
        "distributed_loads.csv:4: expected mid_bus, from_bus, to_bus and share_from in "
        "[0, 1], got ['m', 'a', 'b', 'x'].",
    )
