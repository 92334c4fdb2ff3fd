"""A file of customers."""

from pathlib import Path

from crm.db import Database
from intake.fillups import Options, Progress, silent
from intake.report import Report


def import_customers(database: Database, path: Path, options: Options, progress: Progress = silent) -> Report:
    raise NotImplementedError
