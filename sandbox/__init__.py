"""A local Telegram Bot API server to try bots without a token. Imports nothing of the house."""
