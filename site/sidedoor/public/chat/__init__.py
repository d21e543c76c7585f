"""The reader's side of the chat: its routes (views.py), its pages, its words, and the questions of chat.js."""
