import io
import sys

from gridagora.interfaces.cli.progress import shown_progress, shown_status


class Terminal(io.StringIO):
    def isatty(self):
        return True


def terminal(monkeypatch):
    # not a fixture: pytest puts its own stream back between a fixture and its test
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    return stream


def test_a_terminal_sees_how_many_cells_are_done(monkeypatch):
    stderr = terminal(monkeypatch)
    with shown_progress("toy", quiet=False) as progress:
        assert progress is not None
        progress(0, 2, "")
        progress(1, 2, "b")

    assert "toy b" in stderr.getvalue()
    assert "1/2" in stderr.getvalue()


def test_quiet_shows_nothing(monkeypatch):
    stderr = terminal(monkeypatch)
    with shown_progress("toy", quiet=True) as progress:
        assert progress is None

    assert stderr.getvalue() == ""


def test_a_terminal_sees_what_takes_long(monkeypatch):
    stderr = terminal(monkeypatch)
    with shown_status("drawing", quiet=False):
        pass
    assert "drawing" in stderr.getvalue()


def test_a_quiet_terminal_does_not(monkeypatch):
    stderr = terminal(monkeypatch)
    with shown_status("drawing", quiet=True):
        pass
    assert stderr.getvalue() == ""


def test_a_pipe_sees_nothing(capsys):
    with shown_progress("toy", quiet=False) as progress:
        assert progress is None

    assert capsys.readouterr().err == ""
