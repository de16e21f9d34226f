"""The plots of bench/report, by gnuplot."""
import subprocess

from report_runs import size_name, stop

# Ours in reds, peers in the cool and the pale; the same in all plots.
COLORS = {
    "kvilt-lsm": "#c0182a", "kvilt-lsm-one": "#f08070", "kvilt-lsm-cached": "#801040", "kvilt-bitcask": "#d07000",
    "kvilt-bitcask-one": "#f0b040", "rocksdb": "#305090", "leveldb": "#60a0d8", "lmdb": "#208060",
    "wiredtiger": "#88b878", "sqlite": "#8060a8", "tkrzw-hash": "#404040", "tkrzw-tree": "#a0a0a0",
}


def color(engine):
    return f'linecolor rgb "{COLORS.get(engine, "#c0a040")}"'


def draw(path, size, commands):
    text = f'set terminal svg size {size} font "sans,12" noenhanced\nset output "{path}"\n' + "\n".join(commands) + "\n"
    try:
        subprocess.run(["gnuplot"], input=text, text=True, check=True)
    except FileNotFoundError:
        stop("there is no gnuplot; on Debian: apt-get install gnuplot-nox")
    except subprocess.CalledProcessError:
        stop(f"gnuplot could not draw {path}")


def block(name, rows):
    return [f"${name} << end"] + [" ".join(str(cell) for cell in row) for row in rows] + ["end"]


def plot_rates(run, ordered, path):
    engines = [name for name in run.ours(ordered) + run.peers(ordered)
               if any(run.figure(name, workload) for workload in run.workloads)]  # gnuplot refuses bars without one
    rows = [[f'"{workload}"'] + [run.figure(name, workload) or "NaN" for name in engines]
            for workload in run.workloads]
    rows = [row for row in rows if any(cell != "NaN" for cell in row[1:])]
    if not rows:
        return
    bars = ", ".join(f'$rates using {n + 2}:xtic(1) title "{name}" {color(name)}' for n, name in enumerate(engines))
    draw(path, "1400,500", block("rates", rows) + [
        "set style data histogram", "set style histogram clustered gap 1", "set style fill solid 0.85",
        "set logscale y", 'set format y "%.0s %c"', 'set ylabel "operations a second"', "set xtics rotate by -35",
        "set grid y", "set key outside top horizontal", f"plot {bars}"])


def plot_latency(run, path):
    parts = []
    commands = ['set multiplot layout 1,3', "set logscale y", 'set format y "%.0s %c"', "set grid y",
                'set xtics ("median" 0, "p99" 1, "p99.9" 2, "most" 3)', "set xrange [-0.3:3.3]",
                'set key outside bottom center horizontal font ",10"',
                'set ylabel "ns a call"']
    for workload in ("fillrandom", "readrandom", "fillsync"):
        columns = ("p50_ns", "p99_ns", "p999_ns", "max_ns")
        lines = []
        for name in run.engines:
            figures = [run.figure(name, workload, each) for each in columns]
            if all(figure is not None for figure in figures):
                lines.append((name, figures))
        if not lines:
            continue
        for number, (_, figures) in enumerate(lines):
            parts += block(f"{workload}{number}", enumerate(figures))
        drawn = ", ".join(f'${workload}{n} using 1:2 with linespoints title "{name}" {color(name)}'
                          for n, (name, _) in enumerate(lines))
        commands += [f'set title "{workload}"', f"plot {drawn}"]
    if parts:
        draw(path, "1400,500", parts + commands + ["unset multiplot"])


def plot_growth(runs, workload, path):
    points = {}
    for run in runs:
        for name in run.engines:
            rate = run.figure(name, workload)
            if rate is not None:
                points.setdefault(name, []).append((run.size[0], 1e9 / rate))
    points = {name: each for name, each in points.items() if len(each) > 1}
    if not points:
        return False
    parts = []
    for number, each in enumerate(points.values()):
        parts += block(f"growth{number}", each)
    drawn = ", ".join(f'$growth{n} using 1:2 with linespoints title "{name}" {color(name)}'
                      for n, name in enumerate(points))
    draw(path, "700,450", parts + ["set logscale xy", 'set format x "%.0s %c"', 'set xlabel "entries"',
                                   'set ylabel "ns an operation"', "set grid", f'set title "{workload}"',
                                   "set key outside right", f"plot {drawn}"])
    return True


def draw_all(runs, directory):
    """Returns the part of the page that shows how costs grow."""
    for run in runs:
        name = size_name(run.size)
        for ordered, kind in ((True, "ordered"), (False, "hashed")):
            plot_rates(run, ordered, f"{directory}/rates_{name}_{kind}.svg")
        plot_latency(run, f"{directory}/latency_{name}.svg")
    usual = [run for run in runs if run.size[1:] == (100, False, 0)]
    lines = []
    for workload in ("fillrandom", "overwrite", "readrandom", "readmissing", "readseq", "seekrandom", "recovery",
                     "reopen"):
        if plot_growth(usual, workload, f"{directory}/growth_{workload}.svg"):
            lines += [f"![{workload}]({{plots}}/growth_{workload}.svg)"]
    return ["### Growth", ""] + lines + [""] if lines else []
