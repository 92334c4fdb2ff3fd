"""The Python that has the peers we do not install among our own libraries (``make bench`` makes it)."""

from __future__ import annotations

from pathlib import Path

_MADE = Path(__file__).resolve().parents[2] / ".venv-peers" / "bin" / "python"
PYTHON = str(_MADE) if _MADE.exists() else None
