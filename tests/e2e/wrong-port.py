#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 600
"""What is at the other end is no gdbstub, or a bad one: one line that helps, exit 3, soon, no debris."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from guest import *

import http.server
import random


class Listener:
    """A server on 127.0.0.1, at a port the system chose, that talks to each client by @talk(connection)."""

    def __init__(self, talk):
        self.talk, self.clients = talk, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return "127.0.0.1:%d" % self.socket.getsockname()[1]

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.socket.accept()[0]
                self.clients.append(client)
                with contextlib.suppress(OSError):
                    self.talk(client)

    def __exit__(self, *_exception):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for client in self.clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            client.close()
        self.thread.join(deadline(5))


def packet(text):
    return b"$%s#%02x" % (text.encode(), sum(text.encode()) & 0xff)


def refused(target, *words, seconds=15, options=("--timeout", "1s")):
    """attach TARGET: exit 3, one line that holds one of @words, and no half-made recording."""
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "db.smm")
    begin = time.monotonic()
    result = smmtrace("attach", target, "-o", path, "--headless", *options, seconds=seconds)
    took = time.monotonic() - begin
    print("  %.2f s: %s" % (took, result.err.strip()))
    equal(result.status, 3, "exit status; stderr: " + result.err)
    equal(len(result.err.splitlines()), 1, "lines on stderr: %r" % result.err)
    true(result.err.startswith("smmtrace: "), "the line names the program")
    true(all(" " <= char or char == "\n" for char in result.err), "no control character reaches the terminal")
    true(all("session" in line for line in result.out.splitlines()), "stdout: " + result.out)
    true(any(word in result.err for word in words), "one of %s is said" % (words,))
    true(took < deadline(seconds), "within %.0f s" % deadline(seconds))
    left = sorted(os.listdir(folder))
    equal(left, [], "files made for a target that was none")
    shutil.rmtree(folder)


def a_closed_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    refused("127.0.0.1:%d" % port, "refused")
    refused(":%d" % port, "refused")


def a_missing_socket():
    folder = tempfile.mkdtemp()
    refused("unix:" + os.path.join(folder, "nothing"), "no such socket")
    open(os.path.join(folder, "plain"), "w").close()
    refused("unix:" + os.path.join(folder, "plain"), "refused", "not a socket", "nobody listens")


def a_host_that_does_not_exist():
    refused("no-such-host.invalid:1234", "no-such-host.invalid", seconds=30)


def no_target_at_all():
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "never.smm")
    for words in ([], [""], ["x"], [":0"], [":99999"], [":12x"], ["unix:"], ["unix:" + "x" * 300]):
        result = smmtrace("attach", *words, "-o", path)
        equal((result.status, len(result.err.splitlines()), result.out), (2, 1, ""),
              "answer to %r: %r" % (words, result.err))
        equal(os.listdir(folder), [], "files made for %r" % words)


def a_recording_is_not_lost():
    """A file that is there is kept, whatever is wrong with the target."""
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "old.smm")
    with open(path, "w") as file:
        file.write("precious")
    for words in ([":0"], ["unix:" + os.path.join(folder, "nothing")]):
        result = smmtrace("attach", *words, "-o", path)
        true(result.status in (2, 3, 6), "exit status %d" % result.status)
        equal(len(result.err.splitlines()), 1, "lines on stderr: %r" % result.err)
        with open(path) as file:
            equal(file.read(), "precious", "the file that was there")


def qemu_monitors():
    """Both monitors of a QEMU without a machine: it must be there, and unharmed afterwards."""
    need(QEMU)
    folder = tempfile.mkdtemp()
    hmp, qmp = os.path.join(folder, "hmp"), os.path.join(folder, "qmp")
    qemu = spawn([QEMU, "-machine", "none", "-nodefaults", "-display", "none",
                  "-chardev", "socket,id=h,server=on,wait=off,path=" + hmp, "-mon", "chardev=h",
                  "-chardev", "socket,id=q,server=on,wait=off,path=" + qmp, "-mon", "chardev=q,mode=control"])
    until(lambda: os.path.exists(qmp) and os.path.exists(hmp), 20, "QEMU's monitor sockets")
    refused("unix:" + hmp, "monitor")
    refused("unix:" + qmp, "QMP")
    equal(qemu.poll(), None, "exit status of QEMU")
    end(qemu)


def an_http_server():
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    server.RequestHandlerClass.log_message = lambda *_: None
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    refused("127.0.0.1:%d" % server.server_address[1], "HTTP")
    server.shutdown()
    server.server_close()
    thread.join()


def banners():
    for banner, word in ((b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "SSH"), (b"220 mail ESMTP\r\n", "220"),
                         (b"\x1b[2J\x1b]0;owned\x07hello\r\n", "hello")):
        with Listener(lambda c, banner=banner: c.sendall(banner)) as target:
            refused(target, word)


def random_bytes():
    rng = random.Random(2)

    def babble(connection):
        for _ in range(64):
            connection.sendall(bytes(rng.randrange(256) for _ in range(1024)))
    with Listener(babble) as target:
        refused(target, "")


def dollars_without_end():
    """A packet that never ends must not be collected for ever."""
    def pour(connection):
        connection.sendall(b"$")
        for _ in range(1000):
            connection.sendall(b"a" * 65536)
    with Listener(pour) as target:
        refused(target, "")


def bad_checksums():
    def lie(connection):
        while connection.recv(4096):
            connection.sendall(b"+$OK#00")
    with Listener(lie) as target:
        refused(target, "")


def silence():
    with Listener(lambda connection: None) as target:
        refused(target, "nothing answers")


def an_echo():
    def echo(connection):
        while data := connection.recv(4096):
            connection.sendall(data)
    with Listener(echo) as target:
        refused(target, "echo")


def closes_at_once():
    with Listener(lambda connection: connection.close()) as target:
        refused(target, "closed")


def a_stub_that_stops_answering():
    """It answers the first N packets like QEMU and then nothing more, or hangs up, or talks nonsense."""
    def after(count, then):
        def talk(connection):
            data, left = b"", count
            while chunk := connection.recv(4096):
                data += chunk
                while match := re.search(rb"\$([^#]*)#..", data):
                    data = data[match.end():]
                    if left == 0:
                        then(connection)
                        return
                    left -= 1
                    connection.sendall(b"+" + packet(qemu_says(match.group(1).decode("latin-1"))))
        return talk
    for count in range(1, 8):
        for then in (lambda c: None, lambda c: c.close(), lambda c: c.sendall(b"+$E#45$$$$##}}}*~")):
            with Listener(after(count, then)) as target:
                refused(target, "")


def qemu_says(request):
    """QEMU 7.2's first words."""
    answers = (("qSupported", "PacketSize=1000;qXfer:features:read+;vContSupported+;multiprocess+"),
               ("vCont?", "vCont;c;C;s;S"), ("qAttached", "1"), ("?", "T05thread:p01.01;"),
               ("qfThreadInfo", "mp01.01"), ("qsThreadInfo", "l"),
               ("qqemu.Supported", "sstepbits;sstep;PhyMemMode"),
               ("qqemu.sstepbits", "ENABLE=1,NOIRQ=2,NOTIMER=4"), ("qqemu.PhyMemMode", "0"), ("H", "OK"))
    return next((answer for start, answer in answers if request.startswith(start)), "")


run_tests(a_closed_port, a_missing_socket, a_host_that_does_not_exist, no_target_at_all, qemu_monitors,
          an_http_server, banners, random_bytes, dollars_without_end, bad_checksums, silence, an_echo,
          closes_at_once, a_stub_that_stops_answering, a_recording_is_not_lost)
