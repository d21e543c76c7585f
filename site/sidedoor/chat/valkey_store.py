"""Conversations in Valkey (or Redis), for several machines. Needs the extra `valkey`: redis-py speaks to both.

Everything is in the server's memory and every key has an expiry, so that nothing outlives its time even if all of our
machines are gone. A server that writes to its disk, or logs slow commands (with their values, a key among them), is
refused. A step is a transaction that reads first, and is tried again if somebody else was quicker (WATCH, MULTI, EXEC;
https://valkey.io/topics/transactions/). What cannot be read counts as gone.
"""

import json
import logging
import math
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast, get_args
from urllib.parse import urlsplit

import redis
from redis.client import Pipeline

from sidedoor.chat import rules, valkey_scripts
from sidedoor.chat.model import (
    Adviser,
    Conversation,
    How,
    Kept,
    Message,
    Reason,
    State,
    StoreDown,
    Unreadable,
    Who,
    hour_of,
)
from sidedoor.chat.sealing import KEPT_AT, digest, new_key, new_token, seal, unseal
from sidedoor.documents.codes import Code
from sidedoor.documents.problems import Level, Problem, Refused

log = logging.getLogger("sidedoor.health")
_LIFE = rules.PLACE_OVER_AFTER + rules.REMEMBERED
"""A conversation's keys expire this long after its last sign of life; usually we have ended it before that."""
_LAST_KEPT = timedelta(days=7)
_NUMBERS_FROM = datetime(2026, 1, 1, tzinfo=UTC)
_ONLY_WHILE_RUNNING = ("language", "shown", "unanswered", "risk")
_INDEXES = ("live", "waiting", "reach", "due", "ended")
_PATIENCE_SECONDS = 3.0
_SWEEPS_EVERY = timedelta(seconds=1)
_CLOCK_HOLDS_SECONDS = 10.0
"""For this long a machine counts on from the server's time with its own steady clock, and does not ask again."""
_BOARD_SWEEPS_EVERY = timedelta(seconds=10)
"""A board is asked for often, and notices by itself what is over on it."""

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
_Row = dict[bytes | bytearray | memoryview | str | int | float, bytes | bytearray | memoryview | str | int | float]
_Method = Callable[Concatenate["ValkeyStore", Parameters], Result]


def _or_down(method: _Method[Parameters, Result]) -> _Method[Parameters, Result]:
    """Raise StoreDown, whatever the reason, if Valkey does not answer.

    If it takes requests and stays silent, one thread at a time asks again: if all of them waited for it, none would be
    left for readers who do not chat.
    """

    @wraps(method)
    def tried(self: "ValkeyStore", *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        alone = self._is_silent
        if alone and not self._asks.acquire(blocking=False):
            raise StoreDown("TimeoutError")
        try:
            result = method(self, *args, **kwargs)
            self._is_silent = False
            return result
        except redis.RedisError as error:
            self._is_silent = isinstance(error, redis.TimeoutError)
            raise StoreDown(type(error).__name__) from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreDown(type(error).__name__) from None
        finally:
            if alone:
                self._asks.release()

    return cast("_Method[Parameters, Result]", tried)


class ValkeyStore:
    """The conversations in the server at `url` (`valkey://host:6379/0`). Implements store.ChatStore.

    Raises problems.Refused for a server that writes what it holds to a disk, or its commands to a log.
    """

    def __init__(self, url: str) -> None:
        self._redis: redis.Redis = redis.Redis.from_url(
            "redis" + url.removeprefix("valkey"),
            socket_timeout=_PATIENCE_SECONDS,
            socket_connect_timeout=_PATIENCE_SECONDS,
            health_check_interval=30,
        )
        self._swept = datetime.min.replace(tzinfo=UTC)
        self._is_silent, self._asks = False, threading.RLock()
        self._clock: tuple[float, datetime] | None = None
        self._ask_clock_at = -math.inf
        place = urlsplit(url).netloc.rpartition("@")[2]
        try:
            self._refuse_if_it_writes()
        except redis.AuthenticationError:
            raise Refused([Problem("SIDEDOOR_CHAT_STORE", None, Code.VALKEY_PASSWORD, {"place": place})]) from None
        except (redis.ConnectionError, redis.TimeoutError) as error:
            # The site starts without the server, and asks it before the first conversation.
            reason = {"place": place, "reason": str(error).rstrip(".").rpartition(". ")[2]}
            log.warning("%s", Problem("SIDEDOOR_CHAT_STORE", None, Code.VALKEY_AWAY, reason, level=Level.WARNING))

    def agreed(self, now: datetime) -> datetime:
        """See store.ChatStore. The server's clock, which all machines share; counted on while it is away."""
        steady = time.monotonic()
        if steady >= self._ask_clock_at:
            self._ask_clock_at = steady + _CLOCK_HOLDS_SECONDS  # also if it does not answer, which takes a while
            with suppress(redis.RedisError):
                seconds, microseconds = cast(Any, self._redis.time())
                self._clock = time.monotonic(), datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)
        return self._clock[1] + timedelta(seconds=steady - self._clock[0]) if self._clock else now

    @_or_down
    def end_the_quiet(self, now: datetime) -> None:
        """See store.ChatStore."""
        if abs(now - self._swept) < _SWEEPS_EVERY:
            return  # asked at every poll, this would be half of what the poll costs
        self._swept = now
        for id_ in cast(list[bytes], self._redis.zrangebyscore(_name("due"), "-inf", now.timestamp())):
            self._end(int(id_), "quiet", now, only_if_due=True)
        since = (now - rules.REMEMBERED).timestamp()
        for id_ in cast(list[bytes], self._redis.zrangebyscore(_name("ended"), "-inf", since)):
            self._forget(int(id_))

    @_or_down
    def network_keys(self, now: datetime) -> tuple[bytes, ...]:
        """See store.ChatStore."""
        try:
            self._refuse_if_it_writes()  # before every conversation: it may have been restarted with other settings
        except Refused as refused:
            raise StoreDown(refused.problems[0].code) from refused
        names = _names("day", rules.days_with_keys(now))
        self._redis.set(names[0], secrets.token_bytes(32), nx=True, ex=rules.NETWORK_KEY_LASTS)
        keys = self._redis.mget(names)
        return tuple(cast(bytes, key) for key in keys if key)

    @_or_down
    def start(
        self,
        networks: tuple[str, ...],
        most_waiting: int,
        now: datetime,
        once: str = "",
        most_running: int = rules.MOST_FROM_ONE_NETWORK,
        language: str = "",
        player: int = 0,
    ) -> str:
        """See store.ChatStore."""
        self.end_the_quiet(now)
        token = new_token(once)
        token_name = _name("token", digest(token))
        starts, running = _names("starts", networks), _names("running", networks)

        def step(pipe: Pipeline) -> None:
            if again := cast(Any, pipe.get(token_name)):
                state, started = cast(Any, pipe.hmget(_row(int(again)), "state", "started"))
                rules.may_start_again(_state(state) or "ended", _moment(started) or now, now)
                pipe.multi()
                return
            since = (now - rules.STARTS_WITHIN).timestamp()
            in_reach = rules.out_of_reach_since(now).timestamp()
            if not player:
                rules.may_start(
                    any(pipe.exists(_name("block", network)) for network in networks),
                    sum(self._goes_on(pipe, int(id_)) for name in running for id_ in cast(Any, pipe.smembers(name))),
                    sum(cast(Any, pipe.zcount(name, since, "+inf")) for name in starts),
                    cast(Any, pipe.zcount(_name("reach"), f"({in_reach}", "+inf")),
                    most_waiting,
                    most_running,
                )
            id_ = self._next_number(now)
            row: _Row = {
                "token": digest(token), "network": next(iter(networks), ""), "state": "waiting",
                "started": now.isoformat(), "quiet_since": now.isoformat(), "seen": now.isoformat(),
                "key": new_key(), "newest": 0, "language": language, "player": player,
            }  # fmt: skip
            pipe.multi()
            pipe.hset(_row(id_), mapping=row)
            self._put_brief(pipe, id_, "waiting", "", player)
            pipe.set(token_name, id_)
            # Nobody waits behind a practice conversation.
            for name in ("live",) if player else ("live", "waiting", "reach"):
                pipe.zadd(_name(name), {str(id_): now.timestamp()})
            pipe.zadd(_name("due"), {str(id_): rules.over_at("waiting", now, now).timestamp()})
            self._keep(pipe, id_, digest(token))
            for name in starts[:1]:
                pipe.zremrangebyscore(name, "-inf", since)
                pipe.zadd(name, {str(id_): now.timestamp()})
                pipe.expire(name, rules.STARTS_WITHIN)
            for name in running[:1]:
                pipe.sadd(name, id_)
                pipe.expire(name, rules.NETWORK_KEY_LASTS)
            if not player:
                self._count(pipe, "started", now)
                if language:
                    self._count(pipe, f"language: {language}", now)

        self._redis.transaction(step, token_name, *starts, *running, _name("waiting"))
        return token

    @_or_down
    def find(self, token: str, now: datetime) -> Conversation | None:
        """See store.ChatStore."""
        self.end_the_quiet(now)
        id_ = self._redis.get(_name("token", digest(token)))
        conversation = self._conversation(int(id_), now) if id_ else None
        if conversation and rules.looked_in_long_ago(conversation, now):
            self._live_on(conversation.id, now, {"seen": now})
        return conversation

    @_or_down
    def looked_in(self, moments: Mapping[int, tuple[datetime, int]]) -> None:
        """See store.ChatStore."""
        for id_ in valkey_scripts.looked_in(self._redis, int(_LIFE.total_seconds()), moments):
            moment, _ = moments[id_]
            self._live_on(id_, moment, {"seen": moment})

    @_or_down
    def stay(self, conversation: int, now: datetime) -> None:
        """See store.ChatStore."""
        self._live_on(conversation, now, {"seen": now, "quiet_since": now})

    @_or_down
    def get(self, conversation: int, now: datetime) -> Conversation | None:
        """See store.ChatStore."""
        self.end_the_quiet(now)
        return self._conversation(conversation, now)

    @_or_down
    def live(self, now: datetime) -> list[Conversation]:
        """See store.ChatStore."""
        self.end_the_quiet(now)
        return self._ask_for_board("", now)[0]

    @_or_down
    def board(self, adviser: int, now: datetime) -> tuple[list[Conversation], dict[int, Adviser]]:
        """See store.ChatStore."""
        if abs(now - self._swept) >= _BOARD_SWEEPS_EVERY:
            self.end_the_quiet(now)
        shown, present = self._ask_for_board(str(adviser), now)
        if any(
            chat.state != "ended" and now >= rules.over_at(chat.state, chat.quiet_since, chat.seen) for chat in shown
        ):
            self.end_the_quiet(now)
            shown, present = self._ask_for_board(str(adviser), now)
        return shown, present

    @_or_down
    def news(self, conversations: Collection[int], now: datetime) -> dict[int, rules.News]:
        """See store.ChatStore."""
        ids = list(conversations)
        seen, rows = valkey_scripts.news(self._redis, ids)
        return {
            id_: rules.news(int(row[0]), state, int(row[2]), _moment(seen.get(row[2])), now)
            for id_, row in zip(ids, rows, strict=bool(ids))
            if row and (state := _state(row[1]))
        }

    @_or_down
    def keep(self, conversation: int, what: Kept, text: str) -> None:
        """See store.ChatStore."""

        def step(pipe: Pipeline) -> None:
            state, key, token = cast(Any, pipe.hmget(_row(conversation), "state", "key", "token"))
            pipe.multi()
            if state not in (b"waiting", b"talking") or not key:
                return
            if text:
                sealed = seal(key, conversation, KEPT_AT[what], text)
                pipe.hset(_name("kept", conversation), what, cast(Any, sealed))
                self._keep(pipe, conversation, token.decode())
            else:
                pipe.hdel(_name("kept", conversation), what)

        self._redis.transaction(step, _row(conversation))

    @_or_down
    def kept(self, conversation: int, what: Kept) -> str:
        """See store.ChatStore."""
        key = cast(bytes | None, self._redis.hget(_row(conversation), "key"))
        sealed = cast(bytes | None, self._redis.hget(_name("kept", conversation), what))
        return unseal(key, conversation, KEPT_AT[what], sealed) if key and sealed else ""

    @_or_down
    def mark(self, conversation: int, risk: bool) -> None:
        """See store.ChatStore."""
        valkey_scripts.set_number(self._redis, conversation, "risk", int(risk))

    @_or_down
    def show(self, conversation: int, number: int) -> None:
        """See store.ChatStore."""
        valkey_scripts.set_number(self._redis, conversation, "shown", number)

    @_or_down
    def say(self, conversation: int, who: Who, text: str, now: datetime, once: str = "", author: str = "") -> int:
        """See store.ChatStore."""
        text = rules.message_text(who, text)
        words, lately = _name("words", conversation), _name("lately", f"{conversation}:{who}")
        once_name = _name("once", conversation)

        def step(pipe: Pipeline) -> int:
            names = ("key", "state", "token", "newest", "quiet_since", "seen", "unanswered")
            key, state, token, newest, quiet, seen, unanswered = cast(Any, pipe.hmget(_row(conversation), *names))
            if once and state != b"ended" and (earlier := cast(Any, pipe.hget(once_name, once))):
                return int(earlier)
            lately_since = rules.lately_since(now).timestamp()
            rules.may_say(_state(state), cast(Any, pipe.zcount(lately, f"({lately_since}", "+inf")))
            try:
                number = int(newest) + 1
                sealed = seal(key, conversation, number, text).hex()
                message = {"who": who, "sealed": sealed, "at": now.isoformat(), "author": author}
                quiet_since, seen_at = datetime.fromisoformat(quiet.decode()), datetime.fromisoformat(seen.decode())
            except (ValueError, TypeError, AttributeError):  # a field is missing, or garbled
                raise Unreadable(conversation) from None
            quiet_since = now if rules.is_a_sign_of_life(who) else quiet_since
            since = rules.waits_for_words(_moment(unanswered), who, now)
            row: _Row = {
                "newest": number,
                "quiet_since": quiet_since.isoformat(),
                "unanswered": since.isoformat() if since else "",
            }
            pipe.multi()
            pipe.rpush(words, json.dumps(message))
            pipe.hset(_row(conversation), mapping=row)
            if once:
                pipe.hset(once_name, once, number)
            pipe.zremrangebyscore(lately, "-inf", lately_since)
            pipe.zadd(lately, {str(number): now.timestamp()})
            pipe.expire(lately, 2 * rules.LATELY)
            due = rules.over_at(state.decode(), quiet_since, seen_at)
            pipe.zadd(_name("due"), {str(conversation): due.timestamp()})
            self._keep(pipe, conversation, token.decode())
            return number

        return cast(int, self._redis.transaction(cast(Any, step), _row(conversation), value_from_callable=True))

    @_or_down
    def messages(self, conversation: int, after: int = 0) -> list[Message]:
        """See store.ChatStore."""
        with self._redis.pipeline() as pipe:  # in one transaction: an end between the two would look like a loss
            pipe.hmget(_row(conversation), "key", "state", "newest")
            pipe.lrange(_name("words", conversation), after, -1)
            try:
                (key, state, newest), words = cast(Any, pipe.execute())
            except redis.ResponseError as error:
                _raise_unless_wrong_type(error)
                raise Unreadable(conversation) from None
        if state not in (b"waiting", b"talking"):
            return []
        try:
            if after + len(words) < int(newest) or (int(newest) and not key):
                raise Unreadable(conversation)
            return [self._message(key, conversation, number, raw) for number, raw in enumerate(words, start=after + 1)]
        except (ValueError, KeyError, TypeError):
            raise Unreadable(conversation) from None

    @_or_down
    def accept(self, conversation: int, adviser: int, name: str, now: datetime) -> None:
        """See store.ChatStore."""

        def step(pipe: Pipeline) -> None:
            presence = self._present(pipe).get(adviser)
            names = ("state", "started", "seen", "player")
            state, started, seen, player = cast(Any, pipe.hmget(_row(conversation), *names))
            rules.may_accept(_state(state), bool(presence and presence[0].pauses(now)))
            row: _Row = {
                "state": "talking",
                "adviser": adviser,
                "adviser_name": name,
                "quiet_since": now.isoformat(),
                "unanswered": now.isoformat(),
            }
            waited = now - datetime.fromisoformat(started.decode())
            due = rules.over_at("talking", now, datetime.fromisoformat(seen.decode()))
            pipe.multi()
            pipe.hset(_row(conversation), mapping=row)
            self._put_brief(pipe, conversation, "talking", adviser, player)
            pipe.zrem(_name("waiting"), conversation)
            pipe.zrem(_name("reach"), conversation)
            pipe.zadd(_name("due"), {str(conversation): due.timestamp()})
            self._put_sign(pipe, adviser, now)
            for what, number in () if int(player or 0) else rules.counted_at_answer(waited):
                self._count(pipe, what, now, number)

        self._redis.transaction(step, _row(conversation))

    @_or_down
    def pass_on(
        self, conversation: int, adviser: int, to: int, name: str, now: datetime, only_if_left: bool = False
    ) -> None:
        """See store.ChatStore."""

        def step(pipe: Pipeline) -> None:
            state, owner, player = cast(Any, pipe.hmget(_row(conversation), "state", "adviser", "player"))
            from_seen, to_seen = (
                _moment(seen) for seen in cast(Any, pipe.hmget(_name("desks"), str(adviser), str(to)))
            )
            is_theirs = int(owner or 0) == adviser
            rules.may_pass(_state(state), is_theirs, from_seen, to_seen, only_if_left, now)
            pipe.multi()
            pipe.hset(_row(conversation), mapping={"adviser": to, "adviser_name": name, "watcher": ""})
            self._put_brief(pipe, conversation, "talking", to, player)
            pipe.hdel(_name("kept", conversation), "answer")

        self._redis.transaction(step, _row(conversation), _name("desks"))

    @_or_down
    def watch(self, conversation: int, name: str, now: datetime) -> None:
        """See store.ChatStore."""

        def step(pipe: Pipeline) -> None:
            state = cast(Any, pipe.hget(_row(conversation), "state"))
            pipe.multi()
            if state in (b"waiting", b"talking"):
                pipe.hset(_row(conversation), mapping={"watcher": name, "watched": now.isoformat()})

        self._redis.transaction(step, _row(conversation))

    @_or_down
    def end(self, conversation: int, reason: Reason, now: datetime) -> None:
        """See store.ChatStore."""
        self._end(conversation, reason, now)

    @_or_down
    def block(self, conversation: int, until: datetime, now: datetime) -> bool:
        """See store.ChatStore."""
        network = cast(bytes | None, self._redis.hget(_row(conversation), "network"))
        span = min(until - now, rules.LONGEST_BLOCK)
        blocked = bool(network) and span > timedelta(0)
        if network and blocked:
            self._redis.set(_name("block", network.decode()), 1, ex=span)
        self._end(conversation, "blocked", now)
        return blocked

    @_or_down
    def set_presence(
        self, adviser: int, name: str, present: bool, now: datetime, languages: tuple[str, ...] = ()
    ) -> None:
        """See store.ChatStore."""

        def step(pipe: Pipeline) -> None:
            presence = self._present(pipe).get(adviser)
            before = presence[0] if presence else Adviser(adviser, name, None)
            pipe.multi()
            self._put_sign(pipe, adviser, now)
            if present:
                self._put_present(pipe, replace(before, name=name, languages=languages), now)
            else:
                pipe.hdel(_name("present"), str(adviser))

        self._redis.transaction(step, _name("present"))

    @_or_down
    def sign(self, adviser: int, now: datetime) -> datetime | None:
        """See store.ChatStore."""

        def step(pipe: Pipeline) -> datetime | None:
            presence = self._present(pipe).get(adviser)
            before = _moment(cast(Any, pipe.hget(_name("desks"), str(adviser))))
            pipe.multi()
            self._put_sign(pipe, adviser, now)
            if presence and now - presence[1] < rules.DESK_RETURNS_WITHIN:
                self._put_present(pipe, presence[0], now)
            elif presence:
                pipe.hdel(_name("present"), str(adviser))
            return before

        return cast(
            datetime | None, self._redis.transaction(cast(Any, step), _name("present"), value_from_callable=True)
        )

    @_or_down
    def end_pause(self, adviser: int) -> None:
        """See store.ChatStore."""

        def step(pipe: Pipeline) -> None:
            presence = self._present(pipe).get(adviser)
            pipe.multi()
            if presence:
                self._put_present(pipe, replace(presence[0], pause_until=None, wants_a_word=False), presence[1])

        self._redis.transaction(step, _name("present"))

    @_or_down
    def pause(self, adviser: int, until: datetime, wants_a_word: bool) -> None:
        """See store.ChatStore."""

        def step(pipe: Pipeline) -> None:
            presence = self._present(pipe).get(adviser)
            pipe.multi()
            if presence:
                self._put_present(pipe, replace(presence[0], pause_until=until, wants_a_word=wants_a_word), presence[1])

        self._redis.transaction(step, _name("present"))

    @_or_down
    def present(self, now: datetime) -> dict[int, Adviser]:
        """See store.ChatStore."""
        return _here(self._present(self._redis), now)

    @_or_down
    def usual_wait(self, since: datetime, now: datetime) -> timedelta | None:
        """See store.ChatStore."""
        answered = waited = 0
        hours = range(int((now - since) / timedelta(hours=1)) + 2)
        with self._redis.pipeline() as pipe:
            for name in dict.fromkeys(hour_of(min(since + timedelta(hours=hour), now)) for hour in hours):
                pipe.hmget(_name("counts", name), "answered", "minutes waited")
            for counts in pipe.execute():
                answered += int(counts[0] or 0)
                waited += int(counts[1] or 0)
        return timedelta(minutes=waited) / answered if answered else None

    @_or_down
    def count(self, what: str, now: datetime) -> None:
        """See store.ChatStore."""
        with self._redis.pipeline() as pipe:
            self._count(pipe, what, now)
            pipe.execute()

    @_or_down
    def said_how(self, ticket: str, how: How, now: datetime) -> bool:
        """See store.ChatStore."""
        token_name = _name("token", ticket)

        def step(pipe: Pipeline) -> bool:
            id_ = cast(Any, pipe.get(token_name))
            state, adviser = cast(Any, pipe.hmget(_row(int(id_)), "state", "adviser")) if id_ else (None, None)
            pipe.multi()
            if state != b"ended" or not adviser:
                return False
            pipe.delete(token_name)
            self._count(pipe, f"how: {how}", now)
            return True

        return cast(bool, self._redis.transaction(cast(Any, step), token_name, value_from_callable=True))

    @_or_down
    def counts(self) -> list[tuple[str, str, int]]:
        """See store.ChatStore."""
        rows = []
        for name in self._redis.scan_iter(_name("counts", "*")):
            hour = name.decode().removeprefix(_name("counts", ""))
            numbers = cast(dict[bytes, bytes], self._redis.hgetall(name))
            rows += [(hour, what.decode(), int(number)) for what, number in numbers.items()]
        return sorted(rows)

    def _end(self, conversation: int, reason: Reason, now: datetime, only_if_due: bool = False) -> None:
        def step(pipe: Pipeline) -> None:
            names = ("state", "adviser", "network", "player")
            state, adviser, network, player = cast(Any, pipe.hmget(_row(conversation), *names))
            due = cast(Any, pipe.zscore(_name("due"), conversation))
            presence = self._present(pipe).get(int(adviser)) if adviser else None
            pipe.multi()
            if only_if_due and due is not None and due > now.timestamp():
                return  # somebody wrote just now
            for name in ("due", "waiting", "reach"):
                pipe.zrem(_name(name), conversation)
            if state == b"ended":
                return
            pipe.delete(_name("words", conversation), _name("once", conversation), _name("kept", conversation))
            pipe.delete(*(_name("lately", f"{conversation}:{who}") for who in get_args(Who)))
            if state is None:
                pipe.zrem(_name("live"), conversation)
                pipe.hdel(_name("brief"), str(conversation))
                return  # it expired by itself
            if network:
                pipe.srem(_name("running", network.decode()), conversation)
            pipe.hdel(_row(conversation), "key", "network", "watcher", "watched", *_ONLY_WHILE_RUNNING)
            pipe.hset(_row(conversation), mapping={"state": "ended", "reason": reason})
            self._put_brief(pipe, conversation, "ended", adviser, player)
            pipe.expire(_row(conversation), _LIFE)
            pipe.zadd(_name("ended"), {str(conversation): now.timestamp()})
            pipe.expire(_name("ended"), _LIFE)
            if int(player or 0):
                return  # practice is not counted, and needs no break afterwards
            if presence:
                until = rules.pause_after(presence[0].pause_until, now)
                self._put_present(pipe, replace(presence[0], pause_until=until), presence[1])
            self._count(pipe, f"ended: {reason}", now)

        try:
            self._redis.transaction(step, _row(conversation), _name("due"), _name("present"))
        except redis.ResponseError as error:
            _raise_unless_wrong_type(error)
            self._forget(conversation)  # what is stored there is no conversation any more

    def _forget(self, conversation: int) -> None:
        token: bytes | None = None
        with suppress(redis.ResponseError):
            token = cast(bytes | None, self._redis.hget(_row(conversation), "token"))
        with self._redis.pipeline() as pipe:
            names = tuple(_name(name, conversation) for name in ("one", "words", "once", "kept"))
            pipe.delete(*names, _name("token", (token or b"").decode("ascii", "replace")))
            for name in _INDEXES:
                pipe.zrem(_name(name), conversation)
            pipe.hdel(_name("brief"), str(conversation))
            pipe.execute()

    def _live_on(self, conversation: int, now: datetime, moments: dict[str, datetime]) -> None:
        def step(pipe: Pipeline) -> None:
            state, token, *before = cast(Any, pipe.hmget(_row(conversation), "state", "token", "quiet_since", "seen"))
            pipe.multi()
            if state not in (b"waiting", b"talking"):
                return
            quiet_since, seen = (
                moments.get(name) or datetime.fromisoformat(then.decode())
                for name, then in zip(("quiet_since", "seen"), before, strict=True)
            )
            pipe.hset(_row(conversation), mapping={name: moment.isoformat() for name, moment in moments.items()})
            due = rules.over_at(state.decode(), quiet_since, seen)
            pipe.zadd(_name("due"), {str(conversation): due.timestamp()})
            if state == b"waiting":
                pipe.zadd(_name("reach"), {str(conversation): now.timestamp()})
            self._keep(pipe, conversation, token.decode())

        self._redis.transaction(step, _row(conversation))

    def _next_number(self, now: datetime) -> int:
        """The next conversation's number. Numbers only go up, even if the server is empty again: a desk that still
        shows an old conversation must not take a new one for it."""
        name = _name("last")
        self._redis.set(name, int((now - _NUMBERS_FROM) / timedelta(minutes=1)), nx=True, ex=_LAST_KEPT)
        number = int(self._redis.incr(name))
        self._redis.expire(name, _LAST_KEPT)
        return number

    @staticmethod
    def _goes_on(pipe: Pipeline, conversation: int) -> bool:
        return pipe.hget(_row(conversation), "state") in (b"waiting", b"talking")

    @staticmethod
    def _keep(pipe: Pipeline, conversation: int, token: str) -> None:
        """Put off the expiry of each of its keys, and of the indexes that it is in."""
        names = (*(_name(name, conversation) for name in ("one", "words", "once", "kept")), _name("token", token))
        for name in (*names, *map(_name, (*_INDEXES, "brief"))):
            pipe.expire(name, _LIFE)

    @staticmethod
    def _put_brief(pipe: Pipeline, conversation: int, state: State, adviser: object, player: object) -> None:
        adviser, player = (int(cast(Any, id_) or 0) or "" for id_ in (adviser, player))
        pipe.hset(_name("brief"), str(conversation), f"{state}:{adviser}:{player}")
        pipe.expire(_name("brief"), _LIFE)

    @staticmethod
    def _message(key: bytes, conversation: int, number: int, raw: bytes) -> Message:
        fields = json.loads(raw)
        text = unseal(key, conversation, number, bytes.fromhex(fields["sealed"]))
        return Message(number, fields["who"], text, datetime.fromisoformat(fields["at"]), fields.get("author", ""))

    def _conversation(self, id_: int, now: datetime) -> Conversation | None:
        """None also if it cannot be read: nobody can go on with it, and it must not break the others."""
        try:
            fields = cast(dict[bytes, bytes], self._redis.hgetall(_row(id_)))
            row = {name.decode(): value.decode() for name, value in fields.items() if name != b"key"}
            if not row:
                return None
            with self._redis.pipeline() as pipe:
                pipe.hget(_name("desks"), row.get("adviser", ""))
                pipe.hkeys(_name("kept", id_))
                desk, kept = cast(Any, pipe.execute())
            kept = [name.decode() for name in kept]
            return self._from_row(id_, row, desk, kept, self._place(id_, now) if row["state"] == "waiting" else 0, now)
        except (redis.ResponseError, ValueError, KeyError) as error:
            _raise_unless_wrong_type(error)
            self._forget(id_)
            return None

    def _ask_for_board(self, adviser: str, now: datetime) -> tuple[list[Conversation], dict[int, Adviser]]:
        gone = (now - rules.DESK_GONE_AFTER).isoformat()
        present, rows = valkey_scripts.board(self._redis, adviser, gone)
        shown: list[Conversation] = []
        for id_, row, desk, kept in rows:
            try:
                if row:
                    shown.append(self._from_row(int(id_), row, desk.encode(), kept, 0, now))
            except (ValueError, KeyError):
                self._forget(int(id_))
        shown.sort(key=lambda chat: (chat.started, chat.id))
        before = 0
        for at, chat in enumerate(shown):
            if chat.state == "waiting":
                shown[at] = replace(chat, place=before + 1)
            before += rules.is_counted_before_others(chat, now)
        return shown, _here(self._read_present(present), now)

    @staticmethod
    def _from_row(
        id_: int, row: dict[str, str], desk: bytes | None, kept: Collection[str], place: int, now: datetime
    ) -> Conversation:
        watched = datetime.fromisoformat(row["watched"]) if "watched" in row else None
        return Conversation(
            id=id_,
            state=row["state"],  # type: ignore[arg-type]
            started=datetime.fromisoformat(row["started"]),
            quiet_since=datetime.fromisoformat(row["quiet_since"]),
            seen=datetime.fromisoformat(row["seen"]),
            adviser=int(row["adviser"]) if "adviser" in row else None,
            adviser_name=row.get("adviser_name", ""),
            adviser_seen=_moment(desk) if row["state"] == "talking" else None,
            watcher=row.get("watcher", "") if watched and watched > now - rules.WATCHED_FOR else "",
            reason=row.get("reason"),  # type: ignore[arg-type]
            newest=int(row["newest"]),
            place=place,
            network_known=bool(row.get("network")),
            language=row.get("language", ""),
            shown=int(row.get("shown", 0)),
            unanswered_since=_moment(row.get("unanswered", "").encode()),
            risk=row.get("risk") == "1",
            has_remark="remark" in kept,
            has_draft="draft" in kept,
            has_answer="answer" in kept,
            player=int(row.get("player", 0)),
        )

    def _place(self, id_: int, now: datetime) -> int:
        """The place in the queue, without those who are out of reach."""
        rank = cast(int | None, self._redis.zrank(_name("waiting"), str(id_))) or 0
        if not rank:
            return 1
        since = rules.out_of_reach_since(now).timestamp()
        in_reach = set(cast(list[bytes], self._redis.zrangebyscore(_name("reach"), f"({since}", "+inf")))
        return 1 + len(in_reach.intersection(cast(list[bytes], self._redis.zrange(_name("waiting"), 0, rank - 1))))

    @classmethod
    def _present(cls, client: "redis.Redis | Pipeline") -> dict[int, tuple[Adviser, datetime]]:
        return cls._read_present(cast(dict[bytes, bytes], client.hgetall(_name("present"))))

    @staticmethod
    def _read_present(raw_by_id: dict[bytes, bytes]) -> dict[int, tuple[Adviser, datetime]]:
        present = {}
        for id_, raw in raw_by_id.items():
            with suppress(ValueError, TypeError):  # an entry that cannot be read counts for nobody
                name, seen, until, *later_fields = json.loads(raw)  # an older release wrote only these three
                languages, word = later_fields or ("", False)
                pause = datetime.fromisoformat(until) if until else None
                adviser = Adviser(int(id_), name, pause, tuple(languages.split()), bool(word))
                present[adviser.id] = (adviser, datetime.fromisoformat(seen))
        return present

    @staticmethod
    def _put_present(pipe: Pipeline, adviser: Adviser, seen: datetime) -> None:
        until = adviser.pause_until.isoformat() if adviser.pause_until else None
        fields = [adviser.name, seen.isoformat(), until, " ".join(adviser.languages), adviser.wants_a_word]
        pipe.hset(_name("present"), str(adviser.id), json.dumps(fields))
        pipe.expire(_name("present"), rules.DESK_REMEMBERED)

    @staticmethod
    def _put_sign(pipe: Pipeline, adviser: int, now: datetime) -> None:
        pipe.hset(_name("desks"), str(adviser), now.isoformat())
        pipe.expire(_name("desks"), rules.DESK_REMEMBERED)

    @staticmethod
    def _count(pipe: Pipeline, what: str, now: datetime, by: int = 1) -> None:
        pipe.hincrby(_name("counts", hour_of(now)), what, by)
        pipe.expire(_name("counts", hour_of(now)), rules.COUNTS_KEPT)

    def _refuse_if_it_writes(self) -> None:
        """Raises problems.Refused if the server writes what it holds to a disk, or its commands to a log."""
        code = None
        try:
            config: dict[str, str] = {}
            for name in ("save", "appendonly", "slowlog-max-len", "slowlog-log-slower-than"):
                config.update(cast(dict[str, str], self._redis.config_get(name)))
            if config.get("save") or config.get("appendonly") != "no":
                code = Code.VALKEY_WRITES_TO_DISK
            elif config.get("slowlog-max-len") != "0" and not config.get("slowlog-log-slower-than", "").startswith("-"):
                code = Code.VALKEY_LOGS_COMMANDS
        except redis.ResponseError:
            code = Code.VALKEY_DOES_NOT_SAY
        if code:
            raise Refused([Problem("SIDEDOOR_CHAT_STORE", None, code)])


def _here(present: dict[int, tuple[Adviser, datetime]], now: datetime) -> dict[int, Adviser]:
    here = [adviser for adviser, seen in present.values() if not rules.desk_is_gone(seen, now)]
    return {adviser.id: adviser for adviser in sorted(here, key=lambda adviser: adviser.name)}


def _raise_unless_wrong_type(error: Exception) -> None:
    """Raise the error again, unless it is about the value of a single key."""
    if isinstance(error, redis.ResponseError) and not str(error).startswith("WRONGTYPE"):
        raise error


def _state(written: bytes | None) -> State | None:
    return cast(State, written.decode()) if written else None


def _moment(written: bytes | None) -> datetime | None:
    return datetime.fromisoformat(written.decode()) if written else None


def _names(kind: str, parts: Iterable[object]) -> list[str]:
    return [_name(kind, part) for part in parts]


def _name(*parts: object) -> str:
    return valkey_scripts.PREFIX + ":".join(map(str, parts))


def _row(conversation: int) -> str:
    return _name("one", conversation)
