"""A program on a real pty, watched from the outside: what it shows and when, what it costs."""
import fcntl
import os
import pty
import re
import queue
import select
import signal
import struct
import sys
import termios
import threading
import time

from program import cpu_seconds
from screen import Screen


# What is timed are the bytes as they arrive: the thread that reads them must not wait long for the one that draws them.
sys.setswitchinterval(0.0005)


class Terminal:
    """Runs argv on a pty of rows x cols. One thread reads and stamps the bytes, another one draws them: the slowness of the
    screen here is not the program's."""

    def __init__(self, argv, rows=50, cols=200, env=None):
        self.screen = Screen(rows, cols)
        self.bytes = 0
        self.last_at = None
        self._chunks = queue.SimpleQueue()
        self._arrived = 0.0
        self.painted_at = None
        self._seen = threading.Condition()
        size = struct.pack("HHHH", rows, cols, 0, 0)
        self.started = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # The size must be there before the program asks for it.
            fcntl.ioctl(0, termios.TIOCSWINSZ, size)
            os.environ.update(env or {}, TERM="xterm-256color", COLORTERM="truecolor")
            os.execvp(argv[0], argv)
        self.alive = True
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._drawer = threading.Thread(target=self._draw, daemon=True)
        self._reader.start()
        self._drawer.start()

    def _read(self):
        while self.alive:
            ready, _, _ = select.select([self.fd], [], [], 0.2)
            if not ready:
                continue
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                break
            self.last_at = time.monotonic()
            self._chunks.put((self.last_at, data))
            self.bytes += len(data)
            self._reply(data)
        self.alive = False
        self._chunks.put(None)

    def _draw(self):
        while chunk := self._chunks.get():
            arrived, data = chunk
            with self._seen:
                self.screen.feed(data)
                self._arrived = arrived
                if self.painted_at is None and self.screen.painted:
                    self.painted_at = arrived
                self._seen.notify_all()
        with self._seen:
            self._seen.notify_all()

    def _reply(self, data):
        # A terminal answers these; some programs wait for it before they draw.
        if b"\x1b[c" in data or b"\x1b[0c" in data:
            os.write(self.fd, b"\x1b[?62;22c")
        if b"\x1b[6n" in data:
            os.write(self.fd, b"\x1b[1;1R")

    def text(self):
        with self._seen:
            return self.screen.text()

    def wait(self, pattern, deadline=60.0, absent=False):
        """When the bytes arrived that made the screen show pattern (or no longer); None when it did not in time."""
        rx, end = re.compile(pattern), time.monotonic() + deadline
        with self._seen:
            while True:
                if bool(rx.search(self.screen.text())) != absent:
                    return self._arrived
                left = end - time.monotonic()
                if left <= 0 or (not self.alive and self._chunks.empty()):
                    return None
                self._seen.wait(min(left, 1.0))

    def next_bytes(self, before, deadline=5.0):
        """When the first byte beyond the first `before` arrived; None when it did not in time."""
        end = time.monotonic() + deadline
        while self.bytes <= before:
            if time.monotonic() > end or not self.alive:
                return None
            time.sleep(0.0002)
        return self.last_at

    def quiet(self, calm=0.15, deadline=3.0):
        """Waits until nothing has come for a moment: what belongs to one key is told apart from the next."""
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            before = self.bytes
            time.sleep(calm)
            if self.bytes == before:
                return

    def wait_painted(self, deadline=30.0):
        self.wait(r"\S", deadline)
        return self.painted_at

    def send(self, keys):
        os.write(self.fd, keys.encode())

    def tree(self):
        """The program and everything below it."""
        pids, todo = [], [self.pid]
        while todo:
            pid = todo.pop()
            pids.append(pid)
            try:
                for task in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{task}/children") as f:
                        todo += [int(child) for child in f.read().split()]
            except OSError:
                pass
        return pids

    def memory_mib(self):
        """Resident memory now of the whole tree, and the peak of the program itself; MiB. None where there is no /proc."""
        total, peak = 0.0, None
        for pid in self.tree():
            try:
                with open(f"/proc/{pid}/status") as f:
                    status = f.read()
            except OSError:
                continue
            found = re.search(r"VmRSS:\s+(\d+)", status)
            total += int(found[1]) / 1024 if found else 0
            if pid == self.pid and (high := re.search(r"VmHWM:\s+(\d+)", status)):
                peak = int(high[1]) / 1024
        return (total or None), peak

    def cpu_seconds(self):
        return cpu_seconds(self.tree())

    def close(self):
        """Ends the program as a closed terminal would, by force if it does not go."""
        self.alive = False
        self._reader.join(1)
        self._drawer.join(1)
        for sig, patience in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 3.0)):
            try:
                os.kill(self.pid, sig)
            except ProcessLookupError:
                break
            end = time.monotonic() + patience
            while time.monotonic() < end:
                done, _ = os.waitpid(self.pid, os.WNOHANG)
                if done:
                    os.close(self.fd)
                    return
                time.sleep(0.01)
        os.close(self.fd)
