"""
The rows about a run that finds nothing to do: each makes its stacks, measures, and says what came of it.
"""

from __future__ import annotations

import statistics

from bench.book import Measured, ratio, spread
from bench.ground import RUNS, compare, in_sync, on_ground, requests_in_words
from bench.process import cpu_of_imports
from bench.stacks import counted, memory_of_preview, of_accounts, of_graph, of_trivial, run_up, state_bytes
from tests.engine.stack import ROOT


def preview_1() -> Measured:
    """
    A no-change preview of one account.
    """
    with on_ground() as (world, folder):
        ours, trivial = of_accounts(world, folder / "ours", 1), of_trivial(folder / "trivial", 4)
        run_up(ours)
        seconds = compare(ours, trivial, RUNS, world.estate.log.clear)
        asked = counted(world.estate.log)
        heavy = compare(ours, of_trivial(folder / "heavy", 4, libraries=True), RUNS, world.estate.log.clear)
    found = ratio(*seconds)
    details = [
        f"ours {spread(seconds[0])}, trivial {spread(seconds[1])}",
        f"4 trivial resources whose processes import httpx, msgspec and truststore {spread(heavy[1])}: ours is "
        f"{ratio(*heavy):.2f} times that",
        f"requests / connections: {requests_in_words(asked)}",
    ]
    goal = "at most 1.15 times the wall clock"
    return Measured(
        "no-change preview, 1 account", "4 trivial resources", goal, f"{found:.2f} times", found <= 1.15, details
    )


def preview_100() -> Measured:
    """
    A no-change preview of a hundred accounts, beside the same graph and beside a flat one.
    """
    with on_ground() as (world, folder):
        ours, graph = in_sync(world, folder / "ours", 100), of_graph(folder / "graph", 100)
        seconds = compare(ours, graph, RUNS, world.estate.log.clear)
        asked = counted(world.estate.log)
        flat = compare(ours, of_trivial(folder / "flat", 400), 3, world.estate.log.clear)
    found = ratio(*seconds)
    total = sum(requests for requests, _ in asked.values())
    most = max(connections for _, connections in asked.values())
    details = [
        f"ours {spread(seconds[0])}, the same graph {spread(seconds[1])}",
        f"400 flat trivial resources {spread(flat[1])}: {ratio(*flat):.2f} times, median of 3",
        f"requests / connections: {requests_in_words(asked)}",
        f"{total} requests; the goal is at most 310: {'met' if total <= 310 else 'missed'}",
        f"{most} connections to one system at most; the goal is 4: {'met' if most <= 4 else 'missed'}",
    ]
    what, against = "no-change preview, 100 accounts", "the same graph of trivial resources"
    figure = f"{found:.2f} times; {total} requests, {most} connections"
    met = found <= 1.3 and total <= 310 and most <= 4
    goal = "at most 1.3 times the wall clock, 3 requests an account + 10, 4 connections a system"
    return Measured(what, against, goal, figure, met, details)


def growth() -> Measured:
    """
    How time, memory and state grow from one account to a thousand.
    """
    ours: dict[int, tuple[float, float, float]] = {}
    graph: dict[int, tuple[float, float, float]] = {}
    for count in (1, 10, 100, 1000):
        with on_ground() as (world, folder):
            stacks = in_sync(world, folder / "ours", count), of_graph(folder / "graph", count)
            for stack, into in zip(stacks, (ours, graph), strict=True):
                seen = [memory_of_preview(stack) for _ in range(4 if count < 1000 else 3)][0 if count == 1000 else 1 :]
                middle = statistics.median(seconds for seconds, _ in seen)
                into[count] = middle, max(memory for _, memory in seen), state_bytes(stack) / count
                print(f"growth: {count}, {into[count]}", flush=True)
    time_ratio = (ours[1000][0] / 1000) / (ours[100][0] / 100)
    state_ratio = ours[1000][2] / ours[100][2]
    state_to_graph = ours[100][2] / graph[100][2]
    details = [
        f"{count} accounts: {seconds:.1f} s (the same graph {graph[count][0]:.1f} s), provider {memory:.0f} MB "
        f"({graph[count][1]:.0f} MB), state {state / 1000:.1f} kB an account ({graph[count][2] / 1000:.1f} kB)"
        for count, (seconds, memory, state) in ours.items()
    ]
    state_figure = f"state {state_ratio:.2f} times, {state_to_graph:.2f} times the graph's"
    figure = f"time {time_ratio:.2f} times, {state_figure}, {ours[1000][1]:.0f} MB"
    goal = "at 1000 an account: time at most 1.2 and state 1.05 times that at 100, state 1.3 times the graph's; 250 MB"
    met = time_ratio <= 1.2 and state_ratio <= 1.05 and state_to_graph <= 1.3 and ours[1000][1] <= 250
    curves = {
        "ours, seconds": [(float(count), found[0]) for count, found in ours.items()],
        "the same graph, seconds": [(float(count), found[0]) for count, found in graph.items()],
    }
    return Measured("1, 10, 100, 1000 accounts", "the same graph", goal, figure, met, details, growth=curves)


def imports() -> Measured:
    """
    What the provider's process imports.
    """
    base = "import pulumi.dynamic, httpx"
    modules = ("authentik.service_account", "zot.api_key", "zot.retired_keys", "onepassword.item_field")
    ours = "import pulumi.dynamic, " + ", ".join(f"zot_ci.{name}" for name in (*modules, "forgejo.actions_secret"))
    seconds: tuple[list[float], list[float]] = ([], [])
    for statement in (ours, base):
        cpu_of_imports(statement, ROOT)
    for _ in range(4 * RUNS):
        seconds[0].append(cpu_of_imports(ours, ROOT))
        seconds[1].append(cpu_of_imports(base, ROOT))
    found = ratio(*seconds)
    details = [
        f"CPU, median of {4 * RUNS}: ours {spread(seconds[0])}, those alone {spread(seconds[1])}",
    ]
    what = "imports of the provider's process (CPU)"
    return Measured(what, f"`{base}`", "at most 1.1 times", f"{found:.2f} times", found <= 1.1, details)
