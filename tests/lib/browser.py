# SPDX-License-Identifier: GPL-3.0-or-later
"""
Chromium without a screen, driven through chromedriver by the WebDriver protocol (w3.org/TR/webdriver2) on the
loopback interface, with what Python has by itself.
"""
import base64
import http.client
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import zlib

DEADLINE = 120


def missing():
    """Why there is no browser here, or None."""
    for program in ("chromium", "chromedriver"):
        if not shutil.which(program):
            return "no %s here (scripts/deps test)" % program
    return None


class Browser:
    """Ends with its with-statement, and all its processes with it."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="smmtrace-browser.")
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                       start_new_session=True,
                                       env=dict(os.environ, HOME=self.folder, TMPDIR=self.folder))
        self.session = None
        try:
            self.port = self.find_port()
            self.begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            if self.session:
                self.call("DELETE", "")
        finally:
            try:
                os.killpg(self.driver.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.driver.wait()
            self.driver.stdout.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def find_port(self):
        for line in self.driver.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                return int(found.group(1))
        raise AssertionError("chromedriver did not start")

    def request(self, method, path, body=None):
        wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            wire.request(method, path, json.dumps(body) if body is not None else None,
                         {"Content-Type": "application/json"})
            answer = wire.getresponse()
            value = json.loads(answer.read())["value"]
        finally:
            wire.close()
        if answer.status != 200:
            raise AssertionError("%s %s: %s" % (method, path, value))
        return value

    def begin(self):
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                            "--window-size=1360,1000",
                            "--user-data-dir=" + os.path.join(self.folder, "profile")]}
        wish = {"browserName": "chrome", "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        self.session = self.request("POST", "/session", {"capabilities": {"alwaysMatch": wish}})["sessionId"]

    def call(self, method, path, body=None):
        return self.request(method, "/session/%s%s" % (self.session, path), body)

    def open(self, path):
        """Returns what it logged and what it asked for; the browser's own first page may still be busy."""
        self.logs("browser")
        self.logs("performance")
        self.call("POST", "/url", {"url": "file://" + path})
        asked = [json.loads(entry["message"])["message"] for entry in self.logs("performance")]
        urls = [m["params"]["request"]["url"] for m in asked if m["method"] == "Network.requestWillBeSent"
                and m["params"]["documentURL"] == self.call("GET", "/url")]
        return self.logs("browser"), urls

    def logs(self, kind):
        return self.call("POST", "/se/log", {"type": kind})

    def run(self, script, *args):
        return self.call("POST", "/execute/sync", {"script": script, "args": list(args)})

    def prefer(self, scheme):
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self.call("POST", "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": media})

    def print(self):
        """As PDF."""
        return base64.b64decode(self.call("POST", "/print", {}))

    def screenshot(self):
        """Its colours, with how often each comes."""
        return colours(base64.b64decode(self.call("GET", "/screenshot")))


def colours(png):
    """Of an 8-bit RGB or RGBA picture without interlace, as browsers make them (RFC 2083)."""
    width, height, depth, kind, _, _, interlace = struct.unpack(">IIBBBBB", png[16:29])
    assert (depth, interlace) == (8, 0) and kind in (2, 6), "an unusual PNG"
    data, at = b"", 8
    while at < len(png):
        size, name = struct.unpack(">I4s", png[at:at + 8])
        data += png[at + 8:at + 8 + size] if name == b"IDAT" else b""
        at += 12 + size
    rows, bytes_each, count = zlib.decompress(data), 3 if kind == 2 else 4, {}
    before = bytearray(width * bytes_each)
    for y in range(height):
        row = unfilter(rows[y * (len(before) + 1):(y + 1) * (len(before) + 1)], before, bytes_each)
        for x in range(0, len(row), bytes_each * 3):  # every third will do
            colour = bytes(row[x:x + 3])
            count[colour] = count.get(colour, 0) + 1
        before = row
    return count


def unfilter(line, up, step):
    kind, row = line[0], bytearray(line[1:])
    for i in range(len(row) if kind else 0):
        left, corner = (row[i - step], up[i - step]) if i >= step else (0, 0)
        if kind == 1:
            add = left
        elif kind == 2:
            add = up[i]
        elif kind == 3:
            add = (left + up[i]) // 2
        else:
            add = min((left, up[i], corner), key=lambda v: abs(left + up[i] - corner - v))
        row[i] = (row[i] + add) & 255
    return row
