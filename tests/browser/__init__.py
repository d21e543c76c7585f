"""Tests in real browsers, on the real server."""
