#!/usr/bin/env python3
"""Counts the instructions of fixed work under callgrind and compares them with what is written down.

    compare.py PROGRAM EXPECTED            ends with 1 if a figure differs by more than the tolerance
    compare.py PROGRAM EXPECTED --update   writes the figures down

They depend on the compiler and its flags, which CMakeLists.txt fixes, and on the standard library, not on the machine.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

RECORDS = 20_000  # as in main.cpp
TOLERANCE = 0.02


def measured(program):
    figures = {}
    with tempfile.TemporaryDirectory() as place:
        out = f"{place}/callgrind.out"
        subprocess.run(["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}", program, place],
                       check=True)
        for dump in pathlib.Path(place).glob("callgrind.out.*"):
            text = dump.read_text()
            name = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.MULTILINE)
            total = re.search(r"^(?:totals|summary): (\d+)", text, re.MULTILINE)
            if name and total:
                figures[name.group(1)] = int(total.group(1)) / RECORDS
    return figures


def main():
    program, path = sys.argv[1], pathlib.Path(sys.argv[2])
    figures = measured(program)
    if "--update" in sys.argv:
        path.write_text("".join(f"{count:9.1f}  {name}\n" for name, count in sorted(figures.items())))
    expected = {}
    for line in path.read_text().splitlines():
        count, name = line.split(maxsplit=1)
        expected[name] = float(count)
    wrong = 0
    for name in sorted(expected.keys() | figures.keys()):
        now, before = figures.get(name), expected.get(name)
        missing = now is None or before is None
        differs = missing or abs(now - before) > TOLERANCE * before
        wrong += differs
        change = "not measured" if now is None else "not expected" if before is None else f"{now / before - 1:+8.2%}"
        print(f"{'WRONG' if differs else 'ok':5}  {name:26} {now or 0:9.1f} instructions each, expected "
              f"{before or 0:9.1f}  {change}")
    if wrong:
        print(f"{wrong} figures differ by more than {TOLERANCE:.0%}. Where that is meant: --update, and say why.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
