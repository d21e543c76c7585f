"""Three hundred readers who press Start at once, on a real server: who is let in has a place of their own and is heard,
and who is not is told so in clear words, and where else to turn."""

import asyncio
import json
import re
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sidedoor.chat.sealing import digest
from sidedoor.chat.store import open_store
from tests.chat.readers import CHAT, Reader, copy_content_with_chat
from tests.server import RunningSite, started_before

READERS, PLACES = 300, 200
PATIENCE_SECONDS = 120.0
"""On a machine that does much else besides."""


async def press_start(reader: Reader) -> tuple[int, str]:
    """The status, and what is told; who is let in has a cookie."""
    head, body = await reader._ask("POST", "/chat/start", {"website": ""}, PATIENCE_SECONDS)
    if found := re.search(rb"(?i)\r\nset-cookie: (chat=[^;]+)", head):
        reader.cookie = found[1].decode()
    return int(head.split()[1]), body.decode()


def test_in_a_storm_of_readers_each_has_a_place_or_is_told_why_not_and_no_word_is_lost(tmp_path: Path) -> None:
    copy_content_with_chat(tmp_path / "content", chat=CHAT.replace("most_waiting = 500", f"most_waiting = {PLACES}"))
    data = started_before(tmp_path / "data")
    with closing(RunningSite(tmp_path / "content", data, workers=2)) as site:
        store = open_store("sqlite:", data)
        store.set_presence(1, "Kit", True, datetime.now(UTC))

        async def wait_and_write(reader: Reader) -> tuple[str, str, str]:
            _, body = await reader._ask("GET", "/chat/messages?after=0", None, PATIENCE_SECONDS)
            words = f"zqword {reader.number}"
            await reader.say(words, once=words, patience=PATIENCE_SECONDS)
            return digest(reader.cookie.removeprefix("chat=")), json.loads(body)["status"], words

        async def storm() -> None:
            readers = [Reader(site.port, number) for number in range(READERS)]
            answers = await asyncio.gather(*map(press_start, readers))
            assert sorted({status for status, _ in answers}) == [303, 503]
            told = [body for status, body in answers if status == 503]
            assert len(told) == READERS - PLACES
            assert all("Many people are waiting just now" in body and 'href="/contacts"' in body for body in told)
            waiting = [reader for reader in readers if reader.cookie]
            found = await asyncio.gather(*map(wait_and_write, waiting))
            assert len({token for token, _, _ in found}) == PLACES
            ahead = sorted(int(re.sub(r"\D", "", status) or 0) for _, status, _ in found if "next" not in status)
            assert ahead == list(range(1, PLACES)), "everybody has a place of their own"
            live = store.live(datetime.now(UTC))
            kept = sorted(message.text for one in live for message in store.messages(one.id))
            assert kept == sorted(words for _, _, words in found), "each word is there, once"
            for reader in readers:
                reader.close()
            await asyncio.sleep(0)  # the loop's turn

        asyncio.run(storm())
