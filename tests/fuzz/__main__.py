"""Feed the readers of the project with damaged and made-up inputs.

``python -m tests.fuzz --seconds 300`` plays all kinds in two processes and prints what came of them. The exit
status is 1 if anything escaped. ``python -m tests.fuzz --play KIND SEED NUMBER`` plays one input again.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from tests.fuzz.player import Tally, play, silence

_HUNG_SECONDS = 60.0
_MOST_DEATHS = 5
_SHOWN = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long, in all (default: 60)")
    parser.add_argument("--seed", type=int, default=None, help="default: another one each time")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--play", nargs=3, metavar=("KIND", "SEED", "NUMBER"), help="play one input again")
    parser.add_argument("--kinds", default="tests.fuzz.kinds", help=argparse.SUPPRESS)
    parser.add_argument("--escapes", type=Path, default=Path(".fuzz"), help="folder for escapes")
    options = parser.parse_args(arguments)
    if options.play:
        name, seed, number = options.play
        return _play_again(options.kinds, name, int(seed), int(number))
    seed = Random().randrange(10**6) if options.seed is None else options.seed
    began = time.monotonic()
    tallies = _fuzz(options.kinds, seed, options.seconds, options.processes)
    for name, tally in tallies.items():
        print(_line(name, tally))
        _save(options.escapes, name, seed, tally)
    inputs = sum(tally.inputs for tally in tallies.values())
    escapes = sum(len(tally.escapes) for tally in tallies.values())
    slowest = max(tally.slowest[0] for tally in tallies.values())
    peak = max(tally.peak_mebibytes for tally in tallies.values())
    print(
        f"seed {seed}: {inputs:,} inputs in {time.monotonic() - began:.0f} s, {escapes} escapes, "
        f"slowest {slowest:.3f} CPU s, peak memory {peak:.0f} MiB"
    )
    return 1 if escapes else 0


def _line(name: str, tally: Tally) -> str:
    seconds, number = tally.slowest
    return (
        f"{name:12} {tally.inputs:9,} inputs  {len(tally.escapes):4} escapes  "
        f"slowest {seconds:6.3f} CPU s (number {number})  {tally.peak_mebibytes:5.0f} MiB"
    )


def _fuzz(kinds: str, seed: int, seconds: float, processes: int) -> dict[str, Tally]:
    """Play every kind for its share of the time, in processes side by side."""
    tallies: defaultdict[str, Tally] = defaultdict(Tally)

    def play_numbers(first: int) -> None:
        command = (kinds, str(seed), str(first), str(processes), str(seconds))
        _play_until_the_end(command, seconds + _HUNG_SECONDS, tallies)

    with ThreadPoolExecutor(processes) as pool:
        list(pool.map(play_numbers, range(processes)))
    return tallies


def _play_until_the_end(command: Sequence[str], seconds: float, tallies: Mapping[str, Tally]) -> None:
    """Play in a process. An input that ends it or holds it up is an escape; another process goes on."""
    go_on: tuple[str, ...] = ()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "place"
        for _ in range(_MOST_DEATHS):
            said, problem = _played([*command, str(place), *go_on], seconds)
            for line in said.splitlines():
                tally = json.loads(line)
                tallies[tally.pop("kind")].add(Tally(**tally))
            if not problem:
                return
            name, number = place.read_text(encoding="ascii").split()
            tallies[name].add(Tally(1, [(int(number), problem)]))
            go_on = (name, str(int(number) + int(command[3])))


def _played(arguments: Sequence[str], seconds: float) -> tuple[str, str]:
    """Return what a player printed, and what became of it if it did not reach the end."""
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+", errors="replace") as said:
        try:
            ended = subprocess.run(
                [sys.executable, "-m", "tests.fuzz.player", *arguments],
                stdout=printed, stderr=said, timeout=seconds, check=False,
            )  # fmt: skip
            problem = f"its process ended with status {ended.returncode}" if ended.returncode else ""
        except subprocess.TimeoutExpired:
            problem = "its process did not end"
        printed.seek(0)
        said.seek(0)
        return printed.read(), problem and f"{said.read()[-2000:]}\n{problem}"


def _save(folder: Path, name: str, seed: int, tally: Tally) -> None:
    """Write down each escape, and say how it is played again."""
    for number, what in tally.escapes:
        folder.mkdir(exist_ok=True)
        again = f"python -m tests.fuzz --play {name} {seed} {number}"
        (folder / f"{name}-{seed}-{number}.txt").write_text(f"{again}\n\n{what}\n", encoding="utf-8")
    for number, what in tally.escapes[:_SHOWN]:
        print(f"  escape: {what.strip().splitlines()[-1]:.300}")
        print(f"  again:  python -m tests.fuzz --play {name} {seed} {number}")


def _play_again(kinds: str, name: str, seed: int, number: int) -> int:
    """Show an input, and what comes of it."""
    kind, tally = importlib.import_module(kinds).KINDS[name], Tally()
    print(f"{kind.make(Random(f'{seed}/{name}/{number}'))!r:.2000}")
    play(kind, name, seed, number, tally)
    for _, what in tally.escapes:
        print(what)
    print(_line(name, tally))
    return 1 if tally.escapes else 0


if __name__ == "__main__":
    silence()
    sys.exit(main())
