"""The reader's side of the chat: its routes (views.py), its pages, what they say, and what chat.js asks for."""
