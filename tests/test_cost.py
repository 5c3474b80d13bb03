# SPDX-License-Identifier: GPL-2.0-only
"""What trackers cost: counted by hand on small programs, by the kernel's own code on many, and shared among CPUs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dmafuzz._core import Cost
from dmafuzz.program import parse
from dmafuzz.trackers import Workload, default_portfolio
from dmafuzz.trackers.cost import PAGE_COPY_UNITS
from dmafuzz.verdicts import judging
from support import said

CORPUS = Path(__file__).parent.parent / "corpus"
X86 = "x86-5.5"


def cost(tracker: str, text: str) -> Cost:
    found = judging(tracker, default_portfolio(tracker)).cost(parse("dmafuzz 1\n" + text), X86)
    assert found is not None
    return found


MAPPED = "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_page d0 b0 0 4096 {direction}{rest}\ncpu0 unmap_page m0\n"


def test_a_mapping_and_its_end_by_hand() -> None:
    # Bucket: the map hook's question, the insertion, the driver's question, the unmap. Pool: taken from, given back.
    # Tree: one insertion; at the end three tags are read and the line is deleted.
    found = cost("6.12", MAPPED.format(direction="FROM_DEVICE", rest=""))
    assert found == Cost(bucket_locks=4, tree_locks=2, pool_locks=2, lookup_steps=2, tree_operations=5)


def test_to_device_leaves_the_tree_alone() -> None:
    found = cost("6.12", MAPPED.format(direction="TO_DEVICE", rest=""))
    assert (found.tree_locks, found.tree_operations) == (0, 0)


def test_before_the_tree_there_is_none_and_nobody_asks_for_errors() -> None:
    found = cost("2.6.32", MAPPED.format(direction="FROM_DEVICE", rest=""))
    assert found == Cost(bucket_locks=2, pool_locks=2, lookup_steps=1)


def test_a_failing_sync_locks_every_bucket_it_walks_and_one_more() -> None:
    text = "cpu0 b0 = alloc pages 4096\ncpu0 m0 = map_page d0 b0 0 4096 FROM_DEVICE\ncpu0 unmap_page m0\n"
    synced = cost("5.15", text + "cpu0 sync_single_for_cpu m0\n") + Cost()
    # 64 KiB of segment: nine buckets of 8 KiB, and the lock after the last.
    assert synced.bucket_locks - cost("5.15", text).bucket_locks == 10


def test_every_line_has_its_price() -> None:
    text = MAPPED.format(direction="FROM_DEVICE", rest="")
    lines = 4096 // 64
    assert cost("full-range", text).tree_operations == lines * cost("7.2", text).tree_operations
    assert cost("full-range", text).tree_locks == cost("7.2", text).tree_locks


def storm(tracker: str) -> Cost:
    return cost(tracker, (CORPUS / "costs/copy-on-write-storm.dma").read_text().partition("dmafuzz 1\n")[2])


def test_assert_idle_takes_the_one_lock_at_each_copy_and_rcu_does_not() -> None:
    copies = 12
    assert storm("5.8").tree_locks - storm("5.9").tree_locks == copies
    assert storm("2020-rcu").tree_locks == storm("5.9").tree_locks
    assert storm("2020-rcu").lockless_operations == copies
    assert storm("5.8").lockless_operations == 0


# Contention


def workload(**counts: int) -> Workload:
    return Workload(programs=1, hooks=10, copies=0, cost=Cost(**counts))


def test_a_lock_that_holds_half_of_the_work_serves_two_cpus() -> None:
    half = workload(tree_locks=4, tree_operations=6)
    assert half.units == 20
    assert half.serial_shares()["tree_locks"] == pytest.approx(0.5)
    assert [half.speed_of(cpus) for cpus in (1, 2, 64)] == [1, 2, 2]


def test_locks_of_buckets_and_lockless_work_keep_nobody_waiting() -> None:
    free = workload(bucket_locks=1000, lookup_steps=1000, lockless_operations=1000)
    assert free.speed_of(64) == 64


def test_a_copied_page_is_work_besides() -> None:
    copies = Workload(programs=1, hooks=1, copies=1, cost=Cost(tree_locks=1, tree_operations=1))
    assert copies.units == 1 + 1 + 1 + PAGE_COPY_UNITS


def test_nothing_is_no_contention() -> None:
    assert Workload(0, 0, 0, Cost()).speed_of(8) == 8


# The command


def run(*args: object) -> tuple[int, str]:
    return said("cost", *args)


def test_the_command_puts_trackers_side_by_side() -> None:
    code, told = run(
        "--tracker", "5.8", "--tracker", "2020-rcu", "--tracker", "5.9", "--corpus", CORPUS / "costs", "--json"
    )
    assert code == 0
    found = json.loads(told)
    assert list(found) == ["5.8", "2020-rcu", "5.9"]
    shares = [each["serial_share"]["tree_locks"] for each in found.values()]
    assert shares[0] > 2 * shares[1]
    assert found["5.8"]["speed"]["64"] < found["5.9"]["speed"]["64"]
    assert found["5.8"]["copies"] == 12


def test_the_table_has_a_column_for_each() -> None:
    code, told = run("--tracker", "7.2", "--tracker", "full-range", "--corpus", CORPUS / "threads")
    assert code == 0
    assert {"7.2", "full-range"} <= set(told.split())
    assert "radix_lock" in told
    assert "64 CPUs work like" in told


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--tracker", "silent"], "does not count"),
        (["--tracker", "6.12", "--corpus", "/no/such/folder"], "/no/such/folder"),
        (["--tracker", "6.99"], "6.19"),
        (["--tracker", "6.12", "--platform", "x87"], "x87"),
    ],
)
def test_bad_input_is_one_message(args: list[str], says: str) -> None:
    code, told = run(*args)
    assert code == 2
    assert says in told
