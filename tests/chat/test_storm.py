"""Three hundred readers press Start at once on a real server: those who are let in each have a place and are heard; the
others are told in clear words that they are not, and where else to turn."""

import asyncio
import json
import re
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sidedoor.chat.sealing import digest
from sidedoor.chat.store import open_store
from tests.chat.readers import CHAT, Reader, copy_content_with_chat, run_async
from tests.server import RunningSite, started_before

READERS, PLACES = 300, 200
PATIENCE_SECONDS = 120.0
"""Long enough for a machine that does much else at the same time."""


async def press_start(reader: Reader) -> tuple[int, str]:
    """Press Start; returns the status and the body. A reader who is let in gets a cookie."""
    head, body = await reader._ask("POST", "/chat/start", {"website": ""}, PATIENCE_SECONDS)
    if match := re.search(rb"(?i)\r\nset-cookie: (chat=[^;]+)", head):
        reader.cookie = match[1].decode()
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
            refusals = [body for status, body in answers if status == 503]
            assert len(refusals) == READERS - PLACES
            assert all("Many people are waiting just now" in body and 'href="/contacts"' in body for body in refusals)
            waiting = [reader for reader in readers if reader.cookie]
            written = await asyncio.gather(*map(wait_and_write, waiting))
            assert len({token for token, _, _ in written}) == PLACES
            ahead = sorted(int(re.sub(r"\D", "", status) or 0) for _, status, _ in written if "next" not in status)
            assert ahead == list(range(1, PLACES)), "no two readers have the same place"
            live = store.live(datetime.now(UTC))
            stored = sorted(message.text for conversation in live for message in store.messages(conversation.id))
            assert stored == sorted(words for _, _, words in written), "each word is there, once"
            for reader in readers:
                reader.close()
            await asyncio.sleep(0)  # lets the loop close them

        run_async(storm())
