"""`python -m bot` is the `forecourt` command."""

from bot.cli import main

main()
