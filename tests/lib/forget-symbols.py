#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""
forget-symbols.py FILE: overwrite with zeros, in place, the kernel's symbols in a trace.dat of version 6, which are nearly
all of it and of no use to a test. Offsets stay as they are; packed, nothing of the zeros remains.
"""
import struct
import sys

with open(sys.argv[1], "r+b") as f:
    data = f.read()
    at = data.index(b"header_page\0")  # behind magic, version, byte order, size of long and page

    def number(fmt):
        global at
        n = struct.unpack_from(fmt, data, at)[0]
        at += struct.calcsize(fmt)
        return n

    def text():
        global at
        end = data.index(b"\0", at)
        at = end + 1

    def skip(fmt):
        global at
        size = number(fmt)
        at += size

    for _ in range(2):
        text()
        skip("<Q")
    for _ in range(number("<I")):
        skip("<Q")
    for _ in range(number("<I")):
        text()
        for _ in range(number("<I")):
            skip("<Q")
    size = number("<I")
    f.seek(at)
    f.write(bytes(size))
    print(f"{size} of {len(data)} bytes forgotten")
