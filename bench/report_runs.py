"""What kvilt_bench has measured, read from its CSV: for bench/report."""
import csv
import json
import os
import sys

KEY_BYTES = 16


def stop(message):
    sys.exit("bench/report: " + message)


class Run:
    """One CSV: what was run, and its rows by engine and workload."""

    def __init__(self, path):
        self.path = path
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        self.heads = [line[2:] for line in lines if line.startswith("# ")]
        rows = list(csv.DictReader(line for line in lines if not line.startswith("# ")))
        if len(self.heads) < 3 or not rows or "ops_per_second" not in rows[0]:
            stop(f"{path} is no CSV of kvilt_bench: it needs three lines of comment, a header and rows")
        self.command, self.machine, self.date = self.heads[:3]
        self.rows = {}
        self.engines = {}
        self.workloads = []
        for row in rows:
            self.rows[row["engine"], row["workload"]] = row
            self.engines.setdefault(row["engine"], row)
            if row["workload"] not in self.workloads:
                self.workloads.append(row["workload"])
        memory_bytes_max = 0
        beside = os.path.splitext(path)[0] + ".json"
        self.described = []
        self.limits = None
        if os.path.exists(beside):
            with open(beside, encoding="utf-8") as file:
                whole = json.load(file)
            self.described = whole["engines"]
            self.limits = whole.get("limits")
            memory_bytes_max = whole.get("memory_bytes_max", 0)
        self.size = (int(rows[0]["entries"]), int(rows[0]["value_bytes"]), rows[0]["compressed"] == "1",
                     memory_bytes_max)

    def figure(self, engine, workload, name="ops_per_second"):
        """None where it was not measured, or failed."""
        row = self.rows.get((engine, workload))
        if row is None or row["failure"] or not row.get(name):
            return None
        return float(row[name]) or None

    def ours(self, ordered):
        return [name for name in self.of_kind(ordered) if self.engines[name]["ours"] == "1"]

    def peers(self, ordered):
        return [name for name in self.of_kind(ordered) if self.engines[name]["ours"] != "1"]

    def of_kind(self, ordered):
        return [name for name, row in self.engines.items() if (row["ordered"] == "1") == ordered]

    def best(self, peers, workload, name="ops_per_second", least=False):
        """(figure, engine) of the best, or None."""
        found = [(self.figure(peer, workload, name), peer) for peer in peers]
        found = [each for each in found if each[0] is not None]
        return (min if least else max)(found) if found else None


def entries_text(count):
    if count % 1_000_000 == 0:
        return f"{count // 1_000_000} M"
    return f"{count // 1000} k" if count % 1000 == 0 else str(count)


def size_text(size):
    entries, value_bytes, compressed, memory = size
    text = f"{entries:,} entries of {KEY_BYTES}-byte keys and {value_bytes:,}-byte values"
    return text + (", compressed" if compressed else "") + (f", in {memory >> 20:,} MiB of memory" if memory else "")


def size_name(size):
    entries, value_bytes, compressed, memory = size
    name = f"{entries_text(entries).replace(' ', '')}_{value_bytes}"
    return name + ("_compressed" if compressed else "") + (f"_in_{memory >> 20}_mib" if memory else "")


def read_runs(paths):
    runs = sorted((Run(path) for path in paths), key=lambda run: run.size[::-1])
    for one, other in zip(runs, runs[1:]):
        if one.size == other.size:
            stop(f"{one.path} and {other.path} are both of {size_text(one.size)}: ratios have to come from one run")
    return runs
