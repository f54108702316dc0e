import os
import signal
import threading

import pytest

from gridagora.errors import GridagoraError, GridError
from gridagora.interfaces import workers
from gridagora.interfaces.storage.run_folder import has_cell


@pytest.fixture
def cells(toy):
    return toy.cells(toy.ToyConfig())


def test_cells_run_here_in_their_order_and_each_is_stored_before_it_is_reported(
    toy, cells, tmp_path
):
    stored = []
    workers.run_here(
        toy.run_cell,
        cells,
        tmp_path,
        lambda key: stored.append((key, has_cell(tmp_path, key))),
    )

    assert stored == [("b", True), ("a", True)]


def test_cells_run_in_processes_of_their_own(toy, cells, tmp_path):
    done: list[str] = []

    workers.run_in_workers(toy.run_cell, cells, tmp_path, done.append, processes=2)

    assert sorted(done) == ["a", "b"]
    assert all(has_cell(tmp_path, key) for key in done)


def test_the_cell_that_failed_is_named_and_keeps_its_exception(toy, tmp_path):
    cells = toy.cells(toy.ToyConfig(trouble="refusal"))

    for run in (here, apart):
        with pytest.raises(GridError, match="the toy grid is broken") as caught:
            run(toy.run_cell, cells, tmp_path)
        assert caught.value.__notes__ == ["in cell 'a'"]
        assert has_cell(tmp_path, "b")


def here(run_cell, cells, folder):
    workers.run_here(run_cell, cells, folder, lambda key: None)


def apart(run_cell, cells, folder):
    workers.run_in_workers(run_cell, cells, folder, lambda key: None, processes=1)


def test_a_worker_that_dies_takes_nothing_with_it(toy, tmp_path):
    cells = toy.cells(toy.ToyConfig(trouble="crash"))

    with pytest.raises(GridagoraError) as caught:
        apart(toy.run_cell, cells, tmp_path)

    assert str(caught.value) == (
        "a worker process died (out of memory, or a crash inside a solver) while one "
        "of these cells was run: a"
    )
    assert has_cell(tmp_path, "b")


def test_sigterm_stops_like_ctrl_c_and_only_inside():
    before = signal.getsignal(signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt), workers.stop_on_sigterm():
        os.kill(os.getpid(), signal.SIGTERM)

    assert signal.getsignal(signal.SIGTERM) is before


def test_outside_the_main_thread_signals_are_left_alone():
    seen = []

    def look():
        with workers.stop_on_sigterm(), workers._signals_ignored():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()

    assert seen == [signal.getsignal(signal.SIGTERM)]
