"""Settings: the only reader of the environment. Each is FORECOURT_<NAME>, or a line in .env."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from babel.numbers import is_currency
from phonenumbers import SUPPORTED_REGIONS
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from crm.db import normal_url, sqlite_url
from segmentation.criteria import DEFAULT, CriteriaFault, load

# Telegram documents no length; its examples have 34 and 35 signs behind the colon.
TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]{30,}")


class Settings(BaseSettings):
    """Every setting, its default and its limits. docs/operator.md explains each."""

    model_config = SettingsConfigDict(
        env_prefix="FORECOURT_",
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    token: SecretStr = SecretStr("")
    api_url: str = "https://api.telegram.org"
    data_dir: Path = Path("data")
    database_url: str = ""
    admin_id: Annotated[int, Field(gt=0)] | None = None

    chain_name: str = "Forecourt"
    timezone: str = "Asia/Shanghai"
    currency: str = "CNY"
    country: str = "CN"
    locale: Literal["zh", "en"] = "zh"
    trust_self_reported: bool = False
    history_days: Annotated[int, Field(ge=0, le=36_500)] = 0

    round_every: Annotated[float, Field(gt=0, le=86_400)] = 60
    round_delay: Annotated[float, Field(ge=0, le=86_400)] = 5
    segment_at: str = "03:30"
    criteria: Path | None = None
    send_rate: Annotated[float, Field(gt=0, le=1000)] = 30
    chat_seconds: Annotated[float, Field(ge=0, le=60)] = 1
    lease_seconds: Annotated[float, Field(ge=1, le=600)] = 10
    paid_rate: Annotated[float, Field(ge=0, le=1000)] = 0
    broadcast_alone: Annotated[int, Field(ge=0, le=1_000_000)] = 200
    broadcast_two: Annotated[int, Field(ge=0, le=10_000_000)] = 10_000
    broadcast_errors: Annotated[int, Field(ge=1, le=10_000)] = 20
    chats_at_once: Annotated[int, Field(ge=1, le=1000)] = 64
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("token")
    @classmethod
    def _token_of_a_bot(cls, value: SecretStr) -> SecretStr:
        """Told at once, since a wrong token and no network look alike later on."""
        if value.get_secret_value() and not TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError(
                "this cannot be a bot's token; copy it whole from @BotFather: "
                "digits, a colon, 35 letters and digits"
            )
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"'{value}' is not a time zone; write it like Asia/Shanghai")
        return value

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, value: str) -> str:
        if not is_currency(value.upper()):
            raise ValueError(f"'{value}' is not a currency; write its three letters, like CNY")
        return value.upper()

    @field_validator("country")
    @classmethod
    def _known_country(cls, value: str) -> str:
        if value.upper() not in SUPPORTED_REGIONS:
            raise ValueError(f"'{value}' is not a country; write its two letters, like CN")
        return value.upper()

    @field_validator("segment_at")
    @classmethod
    def _time_of_day(cls, value: str) -> str:
        hour, _, minute = value.partition(":")
        if not (hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60):
            raise ValueError(f"'{value}' is not a time of day; write it like 03:30")
        return value

    @field_validator("criteria")
    @classmethod
    def _sound_criteria(cls, value: Path | None) -> Path | None:
        try:
            if value is not None:
                load(value)
        except CriteriaFault as fault:
            raise ValueError("; ".join(fault.sentences)) from None
        except OSError as error:
            raise ValueError(f"cannot read this file ({error.strerror})") from None
        return value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if not value:
            return value
        try:
            backend = make_url(normal_url(value)).get_backend_name()
        except ArgumentError:
            raise ValueError("not a database address; write it like postgresql://user@host/name") from None
        if backend not in ("sqlite", "postgresql"):
            raise ValueError(f"'{backend}' is not supported; use sqlite or postgresql")
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def criteria_file(self) -> Path:
        """The criteria in force: the file named, or those that come with the product."""
        return self.criteria or DEFAULT

    @property
    def marks(self) -> Path:
        """Where it stands what was sent: beside the SQLite file, or in the data folder."""
        file = make_url(normal_url(self.database)).database
        return Path(file).parent if self.database.startswith("sqlite") and file else self.data_dir

    @property
    def database(self) -> str:
        """The database in force: the one named, or SQLite in the data folder."""
        return self.database_url or sqlite_url(self.data_dir)


def faults(error: ValidationError) -> list[str]:
    """One plain sentence per wrong setting, naming it as the operator wrote it, never its value."""
    lines = []
    for fault in error.errors(include_input=False, include_url=False):
        name = "FORECOURT_" + "_".join(str(part) for part in fault["loc"]).upper()
        lines.append(f"{name}: {fault['msg'].removeprefix('Value error, ')}")
    return lines
