import errno
import io
import zipfile

import numpy as np
import pytest

from gridagora.environment.self_play import SelfPlay
from gridagora.errors import InvalidConfigError, MissingFileError
from gridagora.interfaces.storage.checkpoint import load_state, save_state
from gridagora.learning.genetic import GeneticSettings
from gridagora.learning.neuroevolution import Neuroevolution
from gridagora.markets.markup_market import MarkupMarket
from gridagora.types.network import Network
from gridagora.types.orders import Bid, CurveColumns, Offer

STATE = {
    "learner weights": np.array([[0.1, -0.0], [np.nan, np.inf]]),
    "count": np.array([2**62, -1]),
    "ready": np.array([True, False]),
    "names": np.array(["G1", "Größe"]),
    "stream": np.array('{"a": 1}'),
    "bytes": np.array([0, 255], dtype=np.uint8),
    "single": np.array([1.5], dtype=np.float32),
    "none": np.zeros((0, 3, 5)),
    "one": np.array(7),
    "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "other end": np.array([1.0], dtype=">f8"),
    # Names that numpy.savez takes for its own arguments.
    "file": np.array([1]),
    "allow_pickle": np.array([2]),
    "a": np.array([3]),
    "a.npy": np.array([4]),
    "../up": np.array([5]),
    "": np.array([6]),
}


def assert_same(given, expected):
    assert list(given) == list(expected)
    for name, array in expected.items():
        assert given[name].dtype == array.dtype, name
        assert given[name].shape == array.shape, name
        assert given[name].tobytes() == array.tobytes(), name


def test_every_kind_of_array_comes_back_as_it_was(tmp_path):
    save_state(tmp_path / "run.npz", STATE)

    assert_same(load_state(tmp_path / "run.npz"), STATE)
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]


def test_paths_may_be_text_and_a_state_may_be_empty(tmp_path):
    save_state(str(tmp_path / "run.npz"), {})

    assert load_state(str(tmp_path / "run.npz")) == {}


def test_the_same_state_makes_the_same_bytes(tmp_path):
    save_state(tmp_path / "one.npz", STATE)
    save_state(tmp_path / "two.npz", load_state(tmp_path / "one.npz"))

    one, two = (tmp_path / f"{name}.npz" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_numpy_reads_it_without_pickle(tmp_path):
    save_state(tmp_path / "run.npz", {"a": np.arange(3), "b c": np.array("text")})

    with np.load(tmp_path / "run.npz", allow_pickle=False) as content:
        assert content["a"].tolist() == [0, 1, 2]
        assert str(content["b c"]) == "text"


def test_arrays_of_objects_are_refused_and_the_old_file_stays(tmp_path):
    path = tmp_path / "run.npz"
    save_state(path, {"a": np.arange(3)})

    with pytest.raises(InvalidConfigError) as caught:
        save_state(
            path,
            {
                "a": np.array([{}, []], dtype=object),
                "b": np.zeros(1, dtype=[("x", "f8"), ("y", "O")]),
                "c": np.zeros(1),
            },
        )

    assert str(caught.value) == (
        f"checkpoint '{path}': array 'a' holds objects, expected numbers or text. "
        "array 'b' holds objects, expected numbers or text."
    )
    assert load_state(path)["a"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", ["run", "run.json", "run.NPZ", ".npz"])
def test_other_names_are_refused(tmp_path, name):
    message = f"checkpoint '{tmp_path / name}': expected a name that ends in .npz."

    with pytest.raises(InvalidConfigError) as saved:
        save_state(tmp_path / name, STATE)
    with pytest.raises(InvalidConfigError) as loaded:
        load_state(tmp_path / name)

    assert str(saved.value) == str(loaded.value) == message
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_told_with_those_that_are_there(tmp_path):
    for name in ("b.npz", "a.npz", "c.txt"):
        (tmp_path / name).touch()

    with pytest.raises(MissingFileError) as caught:
        load_state(tmp_path / "run.npz")

    assert str(caught.value) == (
        f"checkpoint not found: {tmp_path}/run.npz. In that folder: a.npz, b.npz."
    )


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(MissingFileError) as loaded:
        load_state(tmp_path / "no" / "run.npz")
    with pytest.raises(InvalidConfigError) as saved:
        save_state(tmp_path / "no" / "run.npz", STATE)

    path = tmp_path / "no"
    assert str(loaded.value) == f"checkpoint not found: {path}/run.npz."
    assert str(saved.value) == (
        f"checkpoint '{path}/run.npz': it cannot be written (No such file or "
        "directory); choose another place."
    )


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "run.npz").mkdir()

    with pytest.raises(MissingFileError):
        load_state(tmp_path / "run.npz")


def refusal(path, content):
    """Return what is told of a file with this content."""
    path.write_bytes(content)
    with pytest.raises(InvalidConfigError) as caught:
        load_state(path)
    return str(caught.value)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "run.npz"
    array = io.BytesIO()
    np.save(array, np.arange(3))
    for content in (
        b"",
        b"hello",
        array.getvalue(),
        b"\x80\x04}\x94.",  # a pickle
        np.random.default_rng(1).bytes(4096),
    ):
        assert refusal(path, content) == (
            f"checkpoint '{path}': it cannot be read: File is not a zip file; go on "
            "from another checkpoint."
        )


def zipped(name, content, **options):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def test_other_archives_are_refused(tmp_path):
    message = refusal(tmp_path / "run.npz", zipped("a.txt", "hello"))

    assert "it cannot be read:" in message
    assert "; go on from another checkpoint." in message


def test_a_damaged_archive_that_was_packed_is_refused(tmp_path):
    whole = zipped("a.npy", b"hello" * 100, compression=zipfile.ZIP_DEFLATED)
    content = bytearray(whole)
    content[30 + len("a.npy")] ^= 255  # the first byte after the header

    message = refusal(tmp_path / "run.npz", bytes(content))

    assert "Error -3 while decompressing data" in message


class Trap:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return (self.trace.touch, ())


def test_nothing_in_a_file_is_unpickled(tmp_path):
    trace, array = tmp_path / "trace", io.BytesIO()
    np.save(array, np.array([Trap(trace)], dtype=object), allow_pickle=True)

    message = refusal(tmp_path / "run.npz", zipped("a.npy", array.getvalue()))

    assert "Object arrays cannot be loaded when allow_pickle=False" in message
    assert not trace.exists()


def test_a_file_cut_anywhere_is_refused(tmp_path):
    path = tmp_path / "run.npz"
    save_state(path, {"a": np.arange(3), "b": np.array("text")})
    whole = path.read_bytes()

    for size in range(0, len(whole), 3):
        message = refusal(path, whole[:size])
        assert message.startswith(f"checkpoint '{path}': it cannot be read: ")
        assert ": ;" not in message


def test_a_file_with_any_byte_changed_never_gives_other_numbers(tmp_path):
    # Bytes that say nothing (dates) may change, and a byte in the table of contents may
    # hide an array, which a run misses. What is read is what was written.
    path = tmp_path / "run.npz"
    state = {"a": np.arange(3), "b": np.array("text"), "c": np.array([0.5])}
    save_state(path, state)
    whole, n_refused = path.read_bytes(), 0

    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
        try:
            given = load_state(path)
        except InvalidConfigError as error:
            n_refused += 1
            assert "it cannot be read: ;" not in str(error)
        else:
            assert_same(given, {name: state[name] for name in given})

    assert n_refused > 0.7 * len(whole)


def test_a_file_that_may_not_be_read_is_told(tmp_path, monkeypatch):
    save_state(tmp_path / "run.npz", STATE)

    def locked(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(zipfile, "ZipFile", locked)
    with pytest.raises(InvalidConfigError, match=r"it cannot be read: .*Permission"):
        load_state(tmp_path / "run.npz")


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch, step):
    path = tmp_path / "run.npz"
    save_state(path, {"a": np.arange(3)})

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    if step == "fsync":
        monkeypatch.setattr("os.fsync", full)
    else:
        monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(InvalidConfigError, match=r"cannot be written \(No space left"):
        save_state(path, {"a": np.arange(4)})
    monkeypatch.undo()

    assert load_state(path)["a"].tolist() == [0, 1, 2]
    save_state(path, {"a": np.arange(4)})
    assert load_state(path)["a"].tolist() == [0, 1, 2, 3]


RING = Network.from_table(
    {
        "from_bus": ["a", "b", "a"],
        "to_bus": ["b", "c", "c"],
        "limit_kw": [None, None, 4.0],
    }
)


def ring_play(seed=1):
    book: list[Bid | Offer] = [
        Offer.affine("coal", "a", p_max=1.2, p_min=1, q_max=20),
        Offer.affine("gas", "b", p_max=2.2, p_min=2, q_max=20),
        Bid.affine("town", "c", p_max=9, p_min=3, q_max=9, q_min=5),
    ]
    market = MarkupMarket(RING, CurveColumns.of(book, RING))
    settings = GeneticSettings(n_strategy=4, n_iteration=15, n_hidden=2, n_elite=1)
    learner = Neuroevolution(2, low=0.0, high=2.0, price_origin=1.0, settings=settings)
    return SelfPlay(market, learner, seed=seed)


def test_self_play_goes_on_from_a_file_to_the_same_bytes(tmp_path):
    whole, first = ring_play(), ring_play()
    whole.run(6)
    first.run(3)
    save_state(tmp_path / "run.npz", first.get_state())

    again = ring_play(seed=8)
    again.set_state(load_state(tmp_path / "run.npz"))
    again.run(3)

    assert_same(again.get_state(), whole.get_state())
    for table, expected in (
        (again.players(), whole.players()),
        (again.markets(), whole.markets()),
    ):
        assert_same(
            {name: np.asarray(column) for name, column in table.items()},
            {name: np.asarray(column) for name, column in expected.items()},
        )
