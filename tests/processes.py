"""Processes that begin at once: each is forked from one that has read the program already, whatever threads a test has."""

import multiprocessing

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.conftest", "sidedoor.desk.items.files", "sidedoor.desk.items.pictures"])
