"""Runs of many random programs; of those that fail, the smallest that fails in the same way."""

from __future__ import annotations

import argparse
import random
import sys
import time
import warnings
from collections import Counter

from random_checks import DEFAULT, Options, check_program, random_options
from random_eager import NAMES, run_eager
from random_programs import Program, random_program, smaller, source
from random_surroundings import READS, run_surroundings

__all__ = ["check", "main", "minimal"]


def failure(program: Program, options: Options, seed: int = 0) -> str:
    """What is wrong with a program, in a line; empty if nothing is."""
    try:
        check_program(program, options, seed)
    except Exception as error:
        return " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return ""


def minimal(program: Program, options: Options, seed: int = 0) -> Program:
    """A program that fails in the same way and has nothing left to take away."""
    kind = failure(program, options, seed)[:40]
    progress = True
    while progress:
        progress = False
        for candidate in smaller(program):
            if failure(candidate, options, seed)[:40] == kind:
                program, progress = candidate, True
                break
    return program


def check(program: Program, options: Options = DEFAULT, seed: int = 0) -> Counter:
    """Check a program; if it fails print it, made small."""
    try:
        return check_program(program, options, seed)
    except Exception as error:
        small = minimal(program, options, seed)
        raise AssertionError(report(small, options, seed)) from error


def report(program: Program, options: Options, seed: int) -> str:
    return f"{failure(program, options, seed)}\nseed {seed}, {options}\n{source(program)}\n{program!r}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Check jit, or derivatives in eager mode, on random programs.")
    parser.add_argument("--mode", choices=["jit", "eager", "surroundings"], default="jit")
    parser.add_argument("--classes", help="in the modes eager and surroundings, by default all of them")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--large", type=float, default=0.05, help="share of programs with large arrays")
    parser.add_argument("--most", type=int, default=10, help="stop after so many failures")
    chosen = parser.parse_args()
    if chosen.mode != "jit":
        run, names = (run_eager, NAMES) if chosen.mode == "eager" else (run_surroundings, list(READS))
        names = chosen.classes.split(",") if chosen.classes else names
        sys.exit(not run(chosen.count, chosen.seed, names, chosen.most))
    warnings.simplefilter("error")
    totals: Counter = Counter()
    kinds: dict[str, int] = {}
    start = time.perf_counter()
    for number in range(chosen.seed, chosen.seed + chosen.count):
        rng = random.Random(number)
        program = random_program(rng, large=rng.random() < chosen.large)
        options = random_options(rng)
        try:
            totals += check_program(program, options, number)
            totals[program.transform] += 1
        except Exception as error:
            kind = " ".join(f"{type(error).__name__}: {error}".split())[:70]
            kinds[kind] = kinds.get(kind, 0) + 1
            if kinds[kind] == 1:
                small = minimal(program, options, number)
                print(f"\n--- program {number}\n{report(small, options, number)}", flush=True)
            if len(kinds) >= chosen.most:
                break
        if sys.stderr.isatty():
            done = f"{number - chosen.seed + 1} of {chosen.count}, {sum(kinds.values())} failed"
            print(f"\r{done}", end="", file=sys.stderr)
    print(f"{sum(kinds.values())} failed, {time.perf_counter() - start:.0f} s; {dict(totals)}")
    for kind, count in kinds.items():
        print(f"{count} × {kind}")
    sys.exit(bool(kinds))
