"""Tests of the live chat: its stores, and both its sides.

The reader's side (public/chat/, public/hidden_first.py) is tested here too, because a test of a conversation needs an
adviser as well as a reader, and each store.
"""
