"""A server that is nothing but a function of a socket, for answers no HTTP server would send."""

import contextlib
import socket
import threading
from collections.abc import Callable


class Listener:
    """Runs a function for each connection, and remembers what came in first on each."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        self._serving: list[threading.Thread] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        # A function that still uses its socket when that is closed would fail with errors of all kinds.
        for serving in self._serving:
            serving.join(5)
        for connection in self._connections:
            connection.close()

    @property
    def connections(self) -> int:
        return len(self._connections)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            self._serving.append(threading.Thread(target=self._guarded, args=(connection,), daemon=True))
            self._serving[-1].start()

    def _guarded(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self._serve(connection)
