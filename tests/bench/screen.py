"""A small terminal: turns the bytes of a full-screen program into the text a person would see.

It knows what crossterm and tcell send: cursor moves, erasing, scrolling within the whole screen. Colours, modes and titles
are read and dropped. A wide character fills its cell and an empty one.
"""
import codecs
import unicodedata


class Screen:
    """Text of a terminal of rows x cols cells, fed with bytes."""

    def __init__(self, rows, cols):
        self.rows, self.cols = rows, cols
        self.cells = [[" "] * cols for _ in range(rows)]
        self.y = self.x = 0
        self.painted = False  # a visible character has been drawn
        self._decode = codecs.getincrementaldecoder("utf-8")("replace")
        self._state, self._buffer = "text", ""

    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.cells)

    def feed(self, data):
        for ch in self._decode.decode(data):
            getattr(self, "_in_" + self._state)(ch)

    # One method per state of the reader.

    def _in_text(self, ch):
        if ch == "\x1b":
            self._state = "escape"
        elif ch == "\r":
            self.x = 0
        elif ch == "\n":
            self._down()
        elif ch == "\b":
            self.x = max(0, self.x - 1)
        elif ch >= " " and ch != "\x7f":
            self._put(ch)

    def _in_escape(self, ch):
        if ch == "[":
            self._state, self._buffer = "csi", ""
        elif ch in "]P_^X":
            self._state, self._buffer = "string", ""
        elif ch in "()*+#%":
            self._state = "charset"
        else:
            self._state = "text"
            if ch == "c":
                self._erase(0, self.rows * self.cols)
                self.y = self.x = 0

    def _in_charset(self, _):
        self._state = "text"

    def _in_string(self, ch):
        # Ends with BEL or ESC \; the backslash is eaten by the escape state.
        if ch == "\x07":
            self._state = "text"
        elif ch == "\x1b":
            self._state = "escape"

    def _in_csi(self, ch):
        if "\x40" <= ch <= "\x7e":
            self._state = "text"
            self._control(ch, self._buffer)
        else:
            self._buffer += ch

    def _control(self, final, params):
        if params[:1] in ("?", ">", "<", "="):
            if params == "?1049" and final == "h":
                self._erase(0, self.rows * self.cols)
            return
        numbers = [int(p) if p.isdigit() else 0 for p in params.split(";")]
        n = max(1, numbers[0])
        here = self.y * self.cols + self.x
        line = self.y * self.cols
        if final in "Hf":
            self.y = n - 1
            self.x = max(1, numbers[1] if len(numbers) > 1 else 1) - 1
        elif final == "A":
            self.y -= n
        elif final in "Be":
            self.y += n
        elif final in "Ca":
            self.x += n
        elif final == "D":
            self.x -= n
        elif final == "E":
            self.y, self.x = self.y + n, 0
        elif final == "F":
            self.y, self.x = self.y - n, 0
        elif final in "G`":
            self.x = n - 1
        elif final == "d":
            self.y = n - 1
        elif final == "J":
            start, end = {0: (here, None), 1: (0, here + 1)}.get(numbers[0], (0, None))
            self._erase(start, self.rows * self.cols if end is None else end)
        elif final == "K":
            start, end = {0: (here, line + self.cols), 1: (line, here + 1)}.get(numbers[0], (line, line + self.cols))
            self._erase(start, end)
        elif final == "X":
            self._erase(here, min(here + n, line + self.cols))
        elif final in "LSMT" and numbers:
            self._shift(final, n)
        self.y = min(max(self.y, 0), self.rows - 1)
        self.x = min(max(self.x, 0), self.cols - 1)

    def _shift(self, final, n):
        top = self.y if final in "LM" else 0
        for _ in range(min(n, self.rows)):
            if final in "LT":
                self.cells.insert(top, [" "] * self.cols)
                self.cells.pop()
            else:
                self.cells.pop(top)
                self.cells.append([" "] * self.cols)

    def _erase(self, start, end):
        for i in range(max(start, 0), min(end, self.rows * self.cols)):
            self.cells[i // self.cols][i % self.cols] = " "

    def _down(self):
        if self.y == self.rows - 1:
            self._shift("S", 1)
        else:
            self.y += 1

    def _put(self, ch):
        if unicodedata.combining(ch):
            return
        if self.x >= self.cols:
            self.x = 0
            self._down()
        self.cells[self.y][self.x] = ch
        self.painted = self.painted or ch != " "
        self.x += 1
        if unicodedata.east_asian_width(ch) in "WF" and self.x < self.cols:
            self.cells[self.y][self.x] = ""
            self.x += 1
