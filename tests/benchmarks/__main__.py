"""`make bench`: each figure in a process of its own, printed side by side; nothing here is a test.

`python -m tests.benchmarks [PART ...]`: all of it, or the parts of these names.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, get_args

from sandbox.server.limiter import Algorithm
from tests.benchmarks.finding import PROFILES
from tests.benchmarks.loading import ROWS
from tests.benchmarks.peer import LIMIT, PERIOD

DAYS: Final = "90"
CUSTOMERS: Final = 10_000
LOADERS: Final = {"this project": "arrow", "plain dlt (default path)": "plain"}


def measured(module: str, *arguments: str) -> dict[str, Any]:
    """Run one measurement in a fresh process and return what it prints."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own interpreter
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def side_by_side(module: str, questions: Iterable[tuple[str, ...]]) -> Iterator[dict[str, Any]]:
    """Run measurements of what is only counted, or mostly waits: as many at once as there are processors."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda arguments: measured(module, *arguments), questions)


def loading() -> None:
    """Rows per second and peak memory."""
    print(f"From response bytes to merged DuckDB table, {ROWS:,} rows of `pages`:\n")
    print(f"{'':26}{'seconds':>9}{'rows/s':>10}{'peak MB':>9}")
    seconds = {}
    for name, loader in LOADERS.items():
        result = measured("loading", loader)
        seconds[name] = result["seconds"]
        print(f"{name:26}{result['seconds']:>9.2f}{ROWS / result['seconds']:>10,.0f}{result['peak_mb']:>9.0f}")
    ours, plain = (seconds[name] for name in LOADERS)
    print(f"{'times as fast':26}{plain / ours:>9.1f}\n")


def budget() -> None:
    """Use of the rate limit."""
    print("Rate-limit budget, 60 units a minute, simulated for two hours:\n")
    print(f"{'server counts by':24}{'answer s':>9}{'call units':>11}{'refused per 1,000':>19}{'of the limit used':>19}")
    for row in measured("budget", "all")["rows"]:
        print(
            f"{row['algorithm']:24}{row['latency']:>9}{row['costs']:>11}"
            f"{1000 * row['refused'] / row['calls']:>19.2f}{100 * row['used']:>18.1f}%"
        )


def processes() -> None:
    """Refusals of processes that use one key."""
    result = measured("processes")
    print(f"\nProcesses with one key, {result['limit']} units per {result['period']:g} seconds, refused per 1,000:\n")
    print(f"{'processes':>9}{'each by itself':>16}{'sharing':>9}")
    figures = {(row["processes"], row["shared"]): row["per_1000"] for row in result["rows"]}
    for count in sorted({count for count, _ in figures}):
        print(f"{count:>9}{figures[count, False]:>16.1f}{figures[count, True]:>9.1f}")
    print()


def profiles() -> None:
    """Wall time, memory and CPU of many profiles in one process."""
    print("\nProfiles in one process, beside one alone; 60 calls per 30 seconds and key, a first load:\n")
    print(
        f"{'profiles':>9}{'days':>6}{'destination':>13}{'wall s':>9}{'one alone':>11}{'MB each':>9}{'CPU ms/call':>13}",
        end="",
    )
    print(f"{'CPU s each':>12}")
    for kind, count, days in (("duckdb", 20, 30), ("postgres", 20, 30), ("postgres", 200, 2)):
        row = measured("profiles", kind, str(count), str(days))
        each = row["above the one"]
        print(
            f"{count:>9}{days:>6}{kind:>13}{row['all']['wall']:>9.0f}{row['alone']['wall']:>11.0f}"
            f"{each['mb_per_profile']:>9.1f}{each['cpu_ms_per_call']:>13.1f}{each['cpu_ms_per_profile'] / 1000:>12.2f}",
            flush=True,
        )


def people() -> None:
    """Units and seconds of many customers, whose pages are read to the end every day or once a week."""
    for units, words in ((10_000, "every page is read"), (0, "six days of seven the newest pages are read")):
        print(f"\n{CUSTOMERS:,} customers, of whom one in a hundred changes every day; {words}:\n", flush=True)
        command = [sys.executable, "-m", "tests.benchmarks.people", str(CUSTOMERS), str(units)]
        subprocess.run(command, check=True)  # noqa: S603 - our own interpreter


def growth() -> None:
    """Rows per second, peak memory and a day's seconds, as what is loaded becomes more."""
    print("\nGrowth, from bytes to merged DuckDB tables through the whole engine:\n")
    print(f"{'first load':26}{'rows':>12}{'rows/s':>10}{'rows/CPU s':>12}{'peak MB':>9}")
    alone, beside = (measured("growth", "daily", str(others)) for others in (0, 10_000_000))
    loads = [("rows", size, measured("growth", "load", str(size))) for size in (10_000, 1_000_000)]
    loads.append(("rows", 10_000_000, beside["first load of the others"]))
    loads += [("customers", size, measured("growth", "customers", str(size))) for size in (10_000, 100_000, 1_000_000)]
    for name, size, row in loads:
        speeds = f"{size / row['seconds']:>10,.0f}{size / row['cpu']:>12,.0f}"
        print(f"{name:26}{size:>12,}{speeds}{row['peak_mb']:>9.0f}", flush=True)
    ratios = ", ".join(f"{name} {beside[name] / alone[name]:.2f}" for name in ("seconds", "cpu"))
    print(f"\n1,000 rows that change in 10,000, beside 10,000,000 others and without them: {ratios}")
    found = measured("growth", "ledger", "3")
    print(
        f"The ledger of three years: {found['bytes']:,} bytes, written in {found['write']:.4f} s, read in"
        f" {found['read']:.4f} s; a plan takes {found['plan']:.3f} s of CPU",
        flush=True,
    )


def indexes() -> None:
    """Milliseconds of what the engine asks, without and with an index."""
    print("\nA day of one of 40 profiles in a PostgreSQL table of 1,000,000 rows:\n", flush=True)
    subprocess.run([sys.executable, "-m", "tests.benchmarks.indexes"], check=True)


def nothing_new() -> None:
    """CPU of a sync that finds nothing new."""
    result = measured("nothing_new")
    print(
        f"\nA sync that finds nothing new: {result['sync']:.1f} s of CPU, import dlt {result['import dlt']:.1f} s,"
        f" ratio {result['sync'] / result['import dlt']:.1f}",
        flush=True,
    )


def peer() -> None:
    """A first load beside dlt's `rest_api` source."""
    print(f"\nA first load of 30 days, {LIMIT} units per {PERIOD:g} seconds, beside dlt's rest_api source:\n")
    print(f"{'server counts by':20}{'':14}{'wall s':>8}{'CPU s':>8}{'units':>7}{'refused':>9}{'rows missing':>14}")
    algorithms = get_args(Algorithm)
    for algorithm, found in zip(algorithms, side_by_side("peer", ((one,) for one in algorithms)), strict=True):
        for name, row in found.items():
            print(
                f"{algorithm:20}{name:14}{row['wall']:>8.1f}{row['cpu']:>8.1f}{row['units']:>7}{row['refused']:>9}"
                f"{row['rows_missing']:>14}",
                flush=True,
            )


def finding() -> None:
    """Units of daily syncs beside one who knows what has changed."""
    print(f"\n{DAYS} daily syncs beside an oracle, horizon 90 days, simulated without HTTP and DuckDB:\n")
    print(f"{'profile':16}{'units a day':>13}{'oracle':>9}{'ratio':>7}{'wrong windows, all days':>25}")
    rows = side_by_side("finding", ((profile, DAYS) for profile in PROFILES))
    for profile, row in zip(PROFILES, rows, strict=True):
        ratio = row["units"] / row["oracle"]
        print(f"{profile:16}{row['units']:>13.1f}{row['oracle']:>9.1f}{ratio:>7.2f}{row['wrong']:>25,}", flush=True)


def quarter() -> None:
    """Units and mistakes of a quarter of daily syncs."""
    profile = "busy"
    print(f"\nA quarter of daily syncs, {profile}, {DAYS} days, horizon 90 days, the whole engine (takes a while):\n")
    print(f"{'policy':12}{'units a day':>13}{'most':>7}{'wrong rows, all days':>23}{'rows compared':>16}")
    result = measured("quarter", profile, DAYS)
    for policy in ("exact", "90 days", "30 days"):
        row = result[policy]
        most, compared = (row.get("most", row["units"]), f"{result['compared']:,}" if policy == "exact" else "")
        print(f"{policy:12}{row['units']:>13.0f}{most:>7}{row['wrong']:>23,}{compared:>16}", flush=True)


def copying() -> None:
    """Rows per second and peak memory of a copy."""
    print("\n`elt copy` from a DuckDB file, rows of `pages`:\n")
    print(f"{'to':10}{'rows':>9}{'seconds':>9}{'rows/s':>9}{'peak MB':>9}")
    for kind, count in (("duckdb", 200_000), ("duckdb", 800_000), ("postgres", 200_000)):
        row = measured("copying", kind, str(count))
        speed = row["rows"] / row["seconds"]
        print(f"{kind:10}{row['rows']:>9,}{row['seconds']:>9.0f}{speed:>9,.0f}{row['peak_mb']:>9.0f}", flush=True)


def publishing() -> None:
    """What readers find while a sync loads two days."""
    print("\nReaders of a DuckDB file while a sync loads two days:\n")
    print(f"{'':18}{'opened':>9}{'refused':>9}{'half a sync':>13}")
    for name, row in measured("publishing", "9").items():
        if name != "minutes":
            print(f"{name:18}{row['opened']:>9}{row['refused']:>9}{row['half a sync']:>13}", flush=True)


def orchestrated() -> None:
    """The DAGs in a real Airflow."""
    print("\nTwelve profiles in an Airflow of its own, a worker killed, a backfill of a day (takes a while):\n")
    for name, found in measured("airflow").items():
        print(f"{name:24}{found}")


PARTS: Final = (
    loading,
    budget,
    processes,
    profiles,
    people,
    growth,
    indexes,
    nothing_new,
    peer,
    finding,
    quarter,
    copying,
    publishing,
    orchestrated,
)


def main(*names: str) -> None:
    """Print every benchmark, or those of some names, in their order."""
    parts = {part.__name__: part for part in PARTS}
    if unknown := set(names) - set(parts):
        raise SystemExit(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(parts)}")
    for name, part in parts.items():
        if name in names or not names:
            part()


if __name__ == "__main__":
    main(*sys.argv[1:])
