"""Cells in processes of their own, which can be stopped at any moment."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from gridagora.errors import GridagoraError, listed
from gridagora.interfaces.blas import set_one_blas_thread
from gridagora.interfaces.storage.run_folder import store_cell
from gridagora.studies.contract import Cell, Tables

RunCell = Callable[[Any], Tables]
OnDone = Callable[[str], None]


def run_here(
    run_cell: RunCell, pending: Sequence[Cell], cells: Path, done: OnDone
) -> None:
    """Run cells one after the other in this process."""
    for cell in pending:
        with _naming(cell.key):
            store_cell(cells, cell.key, run_cell(cell))
        done(cell.key)


def run_in_workers(
    run_cell: RunCell,
    pending: Sequence[Cell],
    cells: Path,
    done: OnDone,
    *,
    processes: int,
) -> None:
    """Run cells in spawned processes; the order in which they finish does not matter.

    Args:
        run_cell: A function that a fresh process can import.
        pending: What to run.
        cells: Where each finished cell is stored.
        done: Called with the key of each finished cell.
        processes: How many at a time.

    Raises:
        GridagoraError: A worker died. What a cell raises comes out as it is, with a
            note that names the cell.
    """
    set_one_blas_thread()
    spawn = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        min(processes, len(pending)), mp_context=spawn, initializer=_die_with_parent
    )
    try:
        # Ctrl-C reaches the whole process group; only this process is to act on it
        with _interrupts_blocked():
            futures = {
                pool.submit(_run_and_store, run_cell, cell, cells): cell.key
                for cell in pending
            }
        _collect(futures, done)
    except BaseException:
        with _signals_ignored():  # a second Ctrl-C must not leave workers behind
            for worker in set(multiprocessing.active_children()) - others:
                worker.terminate()
            pool.shutdown(wait=True, cancel_futures=True)
        raise
    pool.shutdown()


def _die_with_parent() -> None:  # pragma: no cover - runs in the workers
    """Stop this worker when the process that started it is gone."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _run_and_store(run_cell: RunCell, cell: Cell, cells: Path) -> None:
    store_cell(cells, cell.key, run_cell(cell))


def _collect(futures: Mapping[Future[None], str], done: OnDone) -> None:
    left = set(futures.values())
    for future in as_completed(futures):
        key = futures[future]
        try:
            with _naming(key):
                future.result()
        except BrokenProcessPool as error:
            message = (
                "a worker process died (out of memory, or a crash inside a solver) "
                f"while one of these cells was run: {listed(sorted(left))}"
            )
            raise GridagoraError(message) from error
        left.discard(key)
        done(key)


@contextmanager
def _naming(key: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        error.add_note(f"in cell {key!r}")
        raise


@contextmanager
def stop_on_sigterm() -> Iterator[None]:
    """Let SIGTERM stop a run the way Ctrl-C does.

    Signals belong to the main thread; in another one nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):  # pragma: no cover - Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _signals_ignored() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
