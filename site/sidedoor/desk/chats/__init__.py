"""Chats at the desk: the board of an adviser, and reading along."""
