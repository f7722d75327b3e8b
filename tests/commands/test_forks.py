"""
Whatever becomes of what the engine has started, its output ends with it: the engine waits for that.
"""

from __future__ import annotations

import marshal
import os
import select
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.forks import Forks

ENOUGH_SECONDS = 60
# It never ends by itself.
_PROGRAM = "import signal, sys\nprint('begun', flush=True)\nsignal.pause()\n"


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """What forks, for this module."""
    forks = Forks(tmp_path_factory.mktemp("forks") / "forks")
    yield forks
    forks.stop()


class Client:
    """
    What a client says, by hand, for the program in *folder*.
    """

    def __init__(self, forks: Forks, folder: Path) -> None:
        script = folder / "program.py"
        script.write_text(_PROGRAM)
        self._words = marshal.dumps(([str(script)], str(folder), {"PATH": os.environ["PATH"]}))
        self.output, self._output = os.pipe()
        self._way = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._way.connect(str(forks.folder / "forks"))

    def say(self, part: slice) -> None:
        """
        Hand the streams over, and say that part of the words; nobody but what forks has the output then.
        """
        with open(os.devnull, "rb") as nothing:
            streams = [nothing.fileno(), self._output, self._output]
            socket.send_fds(self._way, [len(self._words).to_bytes(4, "big")], streams)
        os.close(self._output)
        self._way.sendall(self._words[part])

    def wait_for_its_number(self) -> None:
        """
        Until the fork's number is there; it is not read.
        """
        assert _comes(self._way)

    def die(self) -> None:
        """
        As a process that is killed.
        """
        self._way.close()

    def rest(self) -> bytes:
        """
        Return what is said until the output's end.
        """
        said = b""
        while _comes(self.output):
            more = os.read(self.output, 4096)
            if not more:
                os.close(self.output)
                return said
            said += more
        pytest.fail(f"the output of a client that is dead did not end within {ENOUGH_SECONDS} s")


def _comes(stream: socket.socket | int) -> bool:
    ready, _, _ = select.select([stream], [], [], ENOUGH_SECONDS)
    return bool(ready)


def test_a_client_that_dies_amid_its_words_leaves_no_output_open(forks: Forks, tmp_path: Path) -> None:
    """Neither in what forks, nor in a fork that comes after it."""
    client, later = Client(forks, tmp_path), Client(forks, tmp_path)

    client.say(slice(1))
    client.die()
    later.say(slice(None))

    assert client.rest() == b""
    assert _comes(later.output)
    assert os.read(later.output, 4096) == b"begun\n"
    later.die()
    assert later.rest() == b""


def test_a_client_that_dies_before_it_knows_its_fork_takes_it_along(forks: Forks, tmp_path: Path) -> None:
    """What it has not read makes of the connection's end a reset."""
    client = Client(forks, tmp_path)

    client.say(slice(None))
    client.wait_for_its_number()
    client.die()

    assert client.rest() in (b"", b"begun\n")
