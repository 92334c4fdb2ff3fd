"""UCI Online Retail through the import command: R, F and M equal plain pandas over the original lines."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from bot.cli import commands
from tests.conftest import SHARED_DATA
from tests.segmentation.online_retail import STATIONS_CSV, canonical, read

SOURCE = SHARED_DATA / "online_retail.csv.gz"
AS_OF = pd.Timestamp("2011-12-09")
MERGED = pd.Timedelta(minutes=10)


def plain(log: pd.DataFrame) -> pd.DataFrame:
    """R, F, M per customer by the definitions, from the lines as they were published."""
    log = log[log["CustomerID"] != ""].copy()
    log["at"] = pd.to_datetime(log["InvoiceDate"])
    log["day"] = log["at"].dt.normalize()
    window = log[log["day"] > AS_OF - pd.Timedelta(days=365)].sort_values(["CustomerID", "at"])
    apart = window.groupby("CustomerID")["at"].diff().isna() | (
        window.groupby("CustomerID")["at"].diff() > MERGED
    )
    result = pd.DataFrame({"recency": (AS_OF - log.groupby("CustomerID")["day"].max()).dt.days})
    result["frequency"] = apart.groupby(window["CustomerID"]).sum()
    result["pence"] = window.groupby("CustomerID")["pence"].sum()
    return result.fillna(0).astype("int64").sort_index()


@pytest.mark.slow
@pytest.mark.skipif(not SOURCE.exists(), reason="the published log is not beside this checkout")
def test_r_f_m_equal_plain_pandas(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECOURT_DATABASE_URL", database_url)
    log = read(SOURCE)
    stations, fillups, export = (tmp_path / name for name in ("stations.csv", "fillups.csv", "rfm.csv"))
    stations.write_text(STATIONS_CSV)
    canonical(log).to_csv(fillups, index=False)
    for arguments in (
        ["import", "stations", str(stations), "--json"],
        ["import", "fillups", str(fillups), "--json"],
        ["segment", "--as-of", "2011-12-09", "--export", str(export), "--json"],
    ):
        result = CliRunner().invoke(commands(), arguments)
        assert result.exit_code == 0, result.output
    with export.open(newline="") as file:
        found = {
            row["customer"]: (row["recency_days"], row["frequency"], row["monetary"])
            for row in csv.DictReader(file)
        }
    expected = {
        str(customer): (str(r), str(f), f"{m / 100:.2f}") for customer, r, f, m in plain(log).itertuples()
    }
    assert len(expected) == 4_372
    assert found == expected
