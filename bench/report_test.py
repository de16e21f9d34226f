"""bench/report on a small run that is made up: what it says, that it says it again, and what it refuses."""
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
HEADER = ("engine,version,ours,ordered,workload,entries,value_bytes,compressed,rounds,failure,best_peer,ops_per_second,"
          "write_amplification,space_amplification,p50_ns,p99_ns,p999_ns,max_ns,peak_memory_bytes")
ENGINES = {"kvilt-lsm": (1, 1), "rocksdb": (0, 1), "lmdb": (0, 1), "kvilt-bitcask": (1, 0), "tkrzw-hash": (0, 0),
           "sqlite": (0, 1)}
# LMDB is ahead of ours in what is read, and has failed in what is recovered; SQLite has failed in all.
RATES = {
    "fillrandom": {"kvilt-lsm": 2e6, "rocksdb": 2e5, "lmdb": 5e5, "kvilt-bitcask": 3e6, "tkrzw-hash": 2e6},
    "readseq": {"kvilt-lsm": 2e7, "rocksdb": 8e6, "lmdb": 4e7},
    "recovery": {"kvilt-lsm": 5e6, "rocksdb": 4e5, "lmdb": None, "sqlite": None},
}
PAGE = """Before.

<!-- bench/report begins: generated, not to be edited -->
Old.
<!-- bench/report ends -->

After.
"""


def csv_of(entries):
    lines = [f"# kvilt_bench --entries {entries}", "# a machine", "# 2026-01-02", HEADER]
    for workload, rates in RATES.items():
        for engine, rate in rates.items():
            ours, ordered = ENGINES[engine]
            figures = [str(rate), "2.5", "1.2", "100", "200", "300", "400", "1048576"] if rate else [""] * 8
            failure = "" if rate else '"ended, by signal 9"'
            lines.append(f"{engine},1.0,{ours},{ordered},{workload},{entries},100,0,3,{failure},," + ",".join(figures))
    return "\n".join(lines) + "\n"


class Report(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.small = self.written("small.csv", csv_of(1_000_000))
        self.large = self.written("large.csv", csv_of(10_000_000))
        self.page = self.written("page.md", PAGE)

    def written(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def report(self, *files, page=None, plots="plots"):
        plots = os.path.join(self.directory, plots)
        command = [sys.executable, "-B", os.path.join(HERE, "report"), "--page", page or self.page, "--plots", plots]
        return subprocess.run(command + list(files), capture_output=True, text=True, check=False)

    def text(self):
        with open(self.page, encoding="utf-8") as file:
            return file.read()

    def test_names_wins_losses_goals_and_failures(self):
        self.assertEqual(self.report(self.small, self.large).stderr, "")
        text = self.text()
        self.assertTrue(text.startswith("Before.\n") and text.endswith("\nAfter.\n"))
        self.assertNotIn("Old.", text)
        self.assertIn("**It loses: readseq 0.50 (lmdb).**", text)
        self.assertIn("`kvilt-bitcask` is ahead of every peer of its kind in 1 of 1 workloads.", text)
        self.assertIn("| fillrandom | 2,000 | 200 | 500 | - | 4.00 (lmdb) |", text)
        self.assertIn("| kvilt-lsm | rocksdb | 5 times | 10.00 (rocksdb), met | 10.00 (rocksdb), met |", text)
        self.assertIn("| 1.5 times | 0.50 (lmdb), **not met** | 0.50 (lmdb), **not met** |", text)
        self.assertIn("Failed: `lmdb`, recovery: ended, by signal 9; `sqlite`, recovery: ended, by signal 9.", text)
        self.assertIn("](plots/growth_fillrandom.svg)", text)
        self.assertIn("Of 1 M entries 6 figures meet their goal and 3 do not; of 10 M entries 7 ", text)

    def test_has_goals_from_a_million_entries_on(self):
        tiny = self.written("tiny.csv", csv_of(100_000))
        self.assertEqual(self.report(tiny, self.small).stderr, "")
        self.assertIn("| workload | ours | against | goal | 1 M |", self.text())
        self.assertIn("### 100,000 entries", self.text())

    def test_has_no_goals_where_memory_is_short(self):
        self.written("scarce.json", '{"engines": [], "memory_bytes_max": 268435456}')
        scarce = self.written("scarce.csv", csv_of(1_000_000))
        self.assertEqual(self.report(scarce, self.small).stderr, "")
        self.assertIn("| workload | ours | against | goal | 1 M |", self.text())
        self.assertIn("values, in 256 MiB of memory\n", self.text())

    def test_says_who_ran_fewer_rounds(self):
        lines = csv_of(1_000_000).splitlines()
        once = [line.replace(",100,0,3,", ",100,0,1,") if line.startswith("tkrzw") else line for line in lines]
        self.assertEqual(self.report(self.written("once.csv", "\n".join(once) + "\n")).stderr, "")
        self.assertIn("medians of 3 rounds (tkrzw-hash 1): a machine.", self.text())

    def test_breaks_a_command_where_a_shell_joins_it_again(self):
        command = "kvilt_bench --workloads " + ",".join(f"workload{n}" for n in range(40)) + " --csv " + "x" * 150
        content = csv_of(1_000_000).replace("kvilt_bench --entries 1000000", command, 1)
        self.assertIn(command, content)
        self.assertEqual(self.report(self.written("long.csv", content)).stderr, "")
        block = self.text().split("```sh\n")[1].split("\n```")[0]
        self.assertEqual(block.replace("\\\n", ""), command)
        self.assertEqual([line for line in block.splitlines() if len(line) > 120], ["x" * 150])

    def test_says_the_same_again(self):
        self.report(self.small, self.large)
        once = self.text()
        self.report(self.large, self.small, plots="again")
        self.assertEqual(once.replace("](plots/", "](again/"), self.text())
        plots, again = (os.path.join(self.directory, name) for name in ("plots", "again"))
        names = sorted(os.listdir(plots))
        self.assertEqual(names, sorted(os.listdir(again)))
        self.assertIn("rates_1M_100_ordered.svg", names)
        _, differ, failed = filecmp.cmpfiles(plots, again, names, shallow=False)
        self.assertEqual(differ + failed, [])

    def test_measure_runs_what_is_named_and_makes_the_page(self):
        for name in ("measure", "report", "report_plots.py", "report_runs.py", "goals.csv"):
            os.makedirs(os.path.join(self.directory, "bench"), exist_ok=True)
            shutil.copy(os.path.join(HERE, name), os.path.join(self.directory, "bench", name))
        os.mkdir(os.path.join(self.directory, "docs"))
        page = self.written("docs/benchmarks.md", PAGE)
        program = self.written("program", f"""#!/bin/sh
echo "$@" >> {self.directory}/calls
while [ "$1" != --csv ]; do shift; done
cp {self.small} "$2"
exit 1  # an engine has failed
""")
        os.chmod(program, 0o755)
        measure = os.path.join(self.directory, "bench", "measure")
        command = [measure, "--program", program, "--results", "results", "--rounds", "2", "1M", "memory"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("memory is left out", done.stderr)
        with open(os.path.join(self.directory, "calls"), encoding="utf-8") as file:
            calls = file.read().splitlines()
        self.assertEqual(len(calls), 1)
        self.assertTrue(calls[0].startswith("--rounds 2 --entries 1M ") and calls[0].endswith("--json 1M.json"))
        with open(page, encoding="utf-8") as file:
            self.assertIn("### 1,000,000 entries", file.read())
        wrong = subprocess.run([measure, "2M"], capture_output=True, text=True, check=False)
        self.assertEqual((wrong.returncode, wrong.stdout), (2, ""))
        self.assertIn("usage: bench/measure", wrong.stderr)

    def test_refuses_with_a_sentence(self):
        twice = self.report(self.small, self.small)
        self.assertIn("ratios have to come from one run", twice.stderr)
        self.assertIn("is no CSV of kvilt_bench", self.report(self.page).stderr)
        plain = self.written("plain.md", "No markers.\n")
        self.assertIn("needs the lines", self.report(self.small, page=plain).stderr)
        self.assertEqual({twice.returncode, self.report(self.page).returncode}, {1})


if __name__ == "__main__":
    if shutil.which("gnuplot") is None:
        sys.exit("no gnuplot: nothing is tested")
    unittest.main()
