"""UCI Online Retail in our canonical columns: one row per invoice, at one station in London.

`python -m tests.segmentation.online_retail online_retail.csv.gz fillups.csv`
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

STATION = "UK"
STATIONS_CSV = "code,name,timezone,currency\nUK,Wholesale,Europe/London,GBP\n"


def read(source: Path) -> pd.DataFrame:
    """The log as it is: 541,909 lines, all text but the money, which is in pence per line."""
    log = pd.read_csv(source, dtype=str, keep_default_na=False)
    pounds = log["Quantity"].astype(float) * log["UnitPrice"].astype(float)
    return log.assign(pence=(pounds * 100).round().astype("int64"))


def canonical(log: pd.DataFrame) -> pd.DataFrame:
    """receipt, station, time, customer, product, amount: the lines of an invoice and minute in one row."""
    keys = ["InvoiceNo", "InvoiceDate", "CustomerID"]
    sums = log.groupby(keys, sort=False, as_index=False)["pence"].sum()
    return pd.DataFrame(
        {
            "receipt": sums["InvoiceNo"],
            "station": STATION,
            "time": sums["InvoiceDate"],
            "customer": sums["CustomerID"],
            "product": "shop",
            "amount": sums["pence"].map(lambda pence: f"{pence / 100:.2f}"),
        }
    )


def main() -> None:
    source, target = map(Path, sys.argv[1:])
    canonical(read(source)).to_csv(target, index=False)


if __name__ == "__main__":
    main()
