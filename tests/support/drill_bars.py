"""Plant wrong bars in a real archive and print what was found: python tests/support/drill_bars.py ARCHIVE [ROUNDS]."""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from planted_bars import Planted, drill  # noqa: E402


def main(archive: Path, rounds: int) -> None:
    started = time.time()
    market = Planted(archive, packaged=not archive.name.endswith("-us"))
    print(f"{len(market.stocks)} stocks; {len(market.true)} of the archive's own bars held, {time.time() - started:.0f} s")
    if len(market.true) < 20:
        print(*sorted(market.true), sep="\n")
    material = missed = planted = 0
    for seed in range(rounds):
        count, lost, wronged = drill(market, seed, 2, 50)
        material, missed, planted = material + count, missed + len(lost), planted + 100
        for plant, day, moved, where in lost:
            print("missed", plant.symbol, plant.kind, plant.factor, day, f"{moved} bp", where)
        for symbol, day in sorted(wronged):
            print("true bar held", symbol, day)
    print(f"{planted} plants; {material} bars move the index by over 1 bp, {missed} missed: "
          f"recall {1 - missed / max(material, 1):.4f}; {time.time() - started:.0f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10)
