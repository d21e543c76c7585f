"""Conversations in Valkey (or Redis), for several machines. Needs the extra `valkey`: redis-py speaks to both.

Everything is in its memory and every key has an expiry, so that nothing outlives its hour even if all of us are gone.
A server that writes to its disk is refused. A step is a transaction that looks first and is tried anew where somebody
else was quicker (WATCH, MULTI, EXEC; https://valkey.io/topics/transactions/).
"""

import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import redis
from redis.client import Pipeline

from sidedoor.chat.model import (
    AWAY_AFTER,
    LONGEST_MESSAGE,
    MOST_MESSAGES_A_MINUTE,
    MOST_STARTS,
    OVER_AFTER,
    PAUSE,
    REMEMBERED,
    STARTS_WITHIN,
    WATCHED_FOR,
    Adviser,
    Conversation,
    Message,
    NotPossible,
    Reason,
    StoreDown,
    Who,
    hour_of,
    whole_minutes,
)
from sidedoor.chat.sealing import digest, new_key, seal, unseal
from sidedoor.documents.problems import Problem, Refused

_PREFIX = "sidedoor:chat:"
_LIFE = 2 * OVER_AFTER + REMEMBERED
"""A conversation's keys expire this long after its last sign of life; before that we have ended it ourselves."""
_COUNTS_KEPT = timedelta(days=90)
_PATIENCE_SECONDS = 3.0
_SWEEPS_EVERY = timedelta(seconds=1)

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
_Row = dict[bytes | bytearray | memoryview | str | int | float, bytes | bytearray | memoryview | str | int | float]
_Method = Callable[Concatenate["ValkeyStore", Parameters], Result]


def _or_down(method: _Method[Parameters, Result]) -> _Method[Parameters, Result]:
    """Say StoreDown, the one word for it, where Valkey does not answer."""

    @wraps(method)
    def tried(self: "ValkeyStore", *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return method(self, *args, **kwargs)
        except redis.RedisError as error:
            raise StoreDown(f"The chat's store does not answer ({type(error).__name__}).") from None

    return cast("_Method[Parameters, Result]", tried)


class ValkeyStore:
    """The conversations in the server at `url` (`valkey://host:6379/0`). Implements store.ChatStore.

    Raises problems.Refused for a server that keeps what it holds on a disk.
    """

    def __init__(self, url: str) -> None:
        self._redis: redis.Redis = redis.Redis.from_url(
            "redis" + url.removeprefix("valkey"),
            socket_timeout=_PATIENCE_SECONDS,
            socket_connect_timeout=_PATIENCE_SECONDS,
            health_check_interval=30,
        )
        self._looked = False
        self._swept = datetime.min.replace(tzinfo=UTC)
        with suppress(redis.ConnectionError, redis.TimeoutError):
            # Where it does not answer, the site starts without it, and it is asked before the first conversation.
            self._look_whether_it_writes()

    @_or_down
    def end_the_quiet(self, now: datetime) -> None:
        """See store.ChatStore."""
        if abs(now - self._swept) < _SWEEPS_EVERY:
            return  # asked of the network at every poll, it would be half of what a poll costs
        self._swept = now
        since = (now - OVER_AFTER).timestamp()
        for id_ in cast(list[bytes], self._redis.zrangebyscore(_name("quiet"), "-inf", since)):
            self._end(int(id_), "quiet", now)
        since = (now - REMEMBERED).timestamp()
        for id_ in cast(list[bytes], self._redis.zrangebyscore(_name("ended"), "-inf", since)):
            token = cast(bytes | None, self._redis.hget(_one(int(id_)), "token"))
            with self._redis.pipeline() as pipe:
                pipe.delete(_one(int(id_)), _name("token", (token or b"").decode()))
                pipe.zrem(_name("ended"), id_)
                pipe.zrem(_name("live"), id_)
                pipe.execute()

    @_or_down
    def network_keys(self, now: datetime) -> tuple[bytes, ...]:
        """See store.ChatStore."""
        try:
            self._look_whether_it_writes()
        except Refused as refused:
            raise StoreDown(str(refused.problems[0])) from refused
        today = now.astimezone(UTC).date()
        name = _name("day", today)
        self._redis.set(name, secrets.token_bytes(32), nx=True, ex=timedelta(days=2))
        found = self._redis.mget(name, _name("day", today - timedelta(days=1)))
        return tuple(cast(bytes, key) for key in found if key)

    @_or_down
    def start(self, networks: tuple[str, ...], most_waiting: int, now: datetime) -> str:
        """See store.ChatStore."""
        self.end_the_quiet(now)
        token, id_ = secrets.token_urlsafe(32), int(self._redis.incr(_name("last")))
        row: _Row = {
            "token": digest(token), "network": next(iter(networks), ""), "state": "waiting", "started": now.isoformat(),
            "quiet_since": now.isoformat(), "seen": now.isoformat(), "key": new_key(), "newest": 0,
        }  # fmt: skip
        starts = [_name("starts", network) for network in networks]

        def step(pipe: Pipeline) -> None:
            since = (now - STARTS_WITHIN).timestamp()
            if any(pipe.exists(_name("block", network)) for network in networks):
                raise NotPossible("blocked")
            if any(pipe.zcount(name, since, "+inf") >= MOST_STARTS for name in starts):
                raise NotPossible("often")
            if pipe.zcard(_name("waiting")) >= most_waiting:
                raise NotPossible("full")
            pipe.multi()
            pipe.hset(_one(id_), mapping=row)
            pipe.expire(_one(id_), _LIFE)
            pipe.set(_name("token", digest(token)), id_, ex=_LIFE)
            pipe.zadd(_name("live"), {str(id_): now.timestamp()})
            pipe.zadd(_name("waiting"), {str(id_): now.timestamp()})
            pipe.zadd(_name("quiet"), {str(id_): now.timestamp()})
            for name in starts[:1]:
                pipe.zremrangebyscore(name, "-inf", since)
                pipe.zadd(name, {str(id_): now.timestamp()})
                pipe.expire(name, STARTS_WITHIN)
            self._count(pipe, "started", now)

        self._redis.transaction(step, *starts, _name("waiting"))
        return token

    @_or_down
    def find(self, token: str, now: datetime) -> Conversation | None:
        """See store.ChatStore."""
        self.end_the_quiet(now)
        id_ = self._redis.get(_name("token", digest(token)))
        conversation = self._conversation(int(id_), now) if id_ else None
        if conversation and conversation.looked_in_long_ago(now):
            self._touch(conversation, now)
        return conversation

    @_or_down
    def get(self, conversation: int, now: datetime) -> Conversation | None:
        """See store.ChatStore."""
        self.end_the_quiet(now)
        return self._conversation(conversation, now)

    @_or_down
    def live(self, now: datetime) -> list[Conversation]:
        """See store.ChatStore."""
        self.end_the_quiet(now)
        ids = cast(list[bytes], self._redis.zrange(_name("live"), 0, -1))
        found = [self._conversation(int(id_), now) for id_ in ids]
        return sorted((one for one in found if one), key=lambda one: (one.started, one.id))

    @_or_down
    def say(self, conversation: int, who: Who, text: str, now: datetime, once: str = "") -> int:
        """See store.ChatStore."""
        text = text.strip()
        if not text or len(text) > LONGEST_MESSAGE:
            raise NotPossible("empty" if not text else "long")
        words, lately = _name("words", conversation), _name("lately", f"{conversation}:{who}")
        seen_before = _name("once", conversation)

        def step(pipe: Pipeline) -> int:
            key, state, token, newest = cast(Any, pipe.hmget(_one(conversation), "key", "state", "token", "newest"))
            if not key or state == b"ended":
                raise NotPossible("over")
            if once and (again := cast(Any, pipe.hget(seen_before, once))):
                return int(again)
            since = (now - timedelta(minutes=1)).timestamp()
            if pipe.zcount(lately, f"({since}", "+inf") >= MOST_MESSAGES_A_MINUTE:
                raise NotPossible("often")
            number = int(newest) + 1
            told = {"who": who, "sealed": seal(key, conversation, number, text).hex(), "at": now.isoformat()}
            pipe.multi()
            pipe.rpush(words, json.dumps(told))
            pipe.hset(_one(conversation), mapping={"newest": number, "quiet_since": now.isoformat()})
            if once:
                pipe.hset(seen_before, once, number)
            pipe.zremrangebyscore(lately, "-inf", since)
            pipe.zadd(lately, {str(number): now.timestamp()})
            pipe.zadd(_name("quiet"), {str(conversation): now.timestamp()})
            pipe.expire(lately, timedelta(minutes=2))
            for name in (words, seen_before, _one(conversation), _name("token", token.decode())):
                pipe.expire(name, _LIFE)
            return number

        return cast(int, self._redis.transaction(cast(Any, step), _one(conversation), value_from_callable=True))

    @_or_down
    def messages(self, conversation: int, after: int = 0) -> list[Message]:
        """See store.ChatStore."""
        key = cast(bytes | None, self._redis.hget(_one(conversation), "key"))
        found = cast(list[bytes], self._redis.lrange(_name("words", conversation), after, -1)) if key else []
        messages = []
        for number, raw in enumerate(found, start=after + 1):
            told = json.loads(raw)
            text = unseal(key or b"", conversation, number, bytes.fromhex(told["sealed"]))
            messages.append(Message(number, told["who"], text, datetime.fromisoformat(told["at"])))
        return messages

    @_or_down
    def accept(self, conversation: int, adviser: int, name: str, now: datetime) -> None:
        """See store.ChatStore."""

        def step(pipe: Pipeline) -> None:
            here = self._present(pipe).get(adviser)
            state, started = cast(Any, pipe.hmget(_one(conversation), "state", "started"))
            if here and here[0].pauses(now):
                raise NotPossible("pause", "This is your pause. Say that you are ready, if you are.")
            if state != b"waiting":
                raise NotPossible("gone", "Somebody else was quicker, or the reader has left.")
            row: _Row = {
                "state": "talking",
                "adviser": adviser,
                "adviser_name": name,
                "quiet_since": now.isoformat(),
            }
            waited = now - datetime.fromisoformat(started.decode())
            pipe.multi()
            pipe.hset(_one(conversation), mapping=row)
            pipe.zrem(_name("waiting"), conversation)
            pipe.zadd(_name("quiet"), {str(conversation): now.timestamp()})
            self._count(pipe, "answered", now)
            self._count(pipe, "minutes waited", now, whole_minutes(waited))

        self._redis.transaction(step, _one(conversation))

    @_or_down
    def hand_over(self, conversation: int, adviser: int, to: int, name: str) -> None:
        """See store.ChatStore."""

        def step(pipe: Pipeline) -> None:
            state, whose = cast(Any, pipe.hmget(_one(conversation), "state", "adviser"))
            if state != b"talking" or int(whose or 0) != adviser:
                raise NotPossible("gone", "It is not yours to hand over, or it is over.")
            pipe.multi()
            pipe.hset(_one(conversation), mapping={"adviser": to, "adviser_name": name})

        self._redis.transaction(step, _one(conversation))

    @_or_down
    def watch(self, conversation: int, name: str, now: datetime) -> None:
        """See store.ChatStore."""

        def step(pipe: Pipeline) -> None:
            state = cast(Any, pipe.hget(_one(conversation), "state"))
            pipe.multi()
            if state in (b"waiting", b"talking"):
                pipe.hset(_one(conversation), mapping={"watcher": name, "watched": now.isoformat()})

        self._redis.transaction(step, _one(conversation))

    @_or_down
    def end(self, conversation: int, reason: Reason, now: datetime) -> None:
        """See store.ChatStore."""
        self._end(conversation, reason, now)

    @_or_down
    def block(self, conversation: int, until: datetime, now: datetime) -> None:
        """See store.ChatStore."""
        network = cast(bytes | None, self._redis.hget(_one(conversation), "network"))
        span = min(until - now, timedelta(days=1))
        if network and span > timedelta(0):
            self._redis.set(_name("block", network.decode()), 1, ex=span)
        self._end(conversation, "blocked", now)

    @_or_down
    def is_present(self, adviser: int, name: str, present: bool, now: datetime) -> None:
        """See store.ChatStore."""

        def step(pipe: Pipeline) -> None:
            known = self._present(pipe).get(adviser)
            pause = known[0].pause_until if known else None
            pipe.multi()
            if present:
                self._put_present(pipe, Adviser(adviser, name, pause), now)
            else:
                pipe.hdel(_name("present"), str(adviser))

        self._redis.transaction(step, _name("present"))

    @_or_down
    def is_ready(self, adviser: int) -> None:
        """See store.ChatStore."""

        def step(pipe: Pipeline) -> None:
            known = self._present(pipe).get(adviser)
            pipe.multi()
            if known:
                self._put_present(pipe, Adviser(adviser, known[0].name, None), known[1])

        self._redis.transaction(step, _name("present"))

    @_or_down
    def present(self, now: datetime) -> dict[int, Adviser]:
        """See store.ChatStore."""
        here = [one for one, seen in self._present(self._redis).values() if seen > now - AWAY_AFTER]
        return {one.id: one for one in sorted(here, key=lambda one: one.name)}

    @_or_down
    def usual_wait(self, now: datetime) -> timedelta | None:
        """See store.ChatStore."""
        answered = waited = 0
        for hour in (hour_of(now), hour_of(now - timedelta(hours=1))):
            told = cast(dict[bytes, bytes], self._redis.hgetall(_name("counts", hour)))
            answered += int(told.get(b"answered", 0))
            waited += int(told.get(b"minutes waited", 0))
        return timedelta(minutes=waited) / answered if answered else None

    @_or_down
    def counts(self) -> list[tuple[str, str, int]]:
        """See store.ChatStore."""
        found = []
        for name in self._redis.scan_iter(_name("counts", "*")):
            hour = name.decode().removeprefix(_name("counts", ""))
            told = cast(dict[bytes, bytes], self._redis.hgetall(name))
            found += [(hour, what.decode(), int(number)) for what, number in told.items()]
        return sorted(found)

    def _end(self, conversation: int, reason: Reason, now: datetime) -> None:
        def step(pipe: Pipeline) -> None:
            state, adviser = cast(Any, pipe.hmget(_one(conversation), "state", "adviser"))
            here = self._present(pipe).get(int(adviser)) if adviser else None
            pipe.multi()
            pipe.zrem(_name("quiet"), conversation)
            pipe.zrem(_name("waiting"), conversation)
            if state == b"ended":
                return
            pipe.delete(_name("words", conversation), _name("once", conversation))
            pipe.delete(*(_name("lately", f"{conversation}:{who}") for who in ("reader", "adviser", "note")))
            if state is None:
                return  # it expired by itself
            pipe.hdel(_one(conversation), "key", "network", "watcher", "watched")
            pipe.hset(_one(conversation), mapping={"state": "ended", "reason": reason})
            pipe.expire(_one(conversation), _LIFE)
            pipe.zadd(_name("ended"), {str(conversation): now.timestamp()})
            if here:
                self._put_present(pipe, Adviser(here[0].id, here[0].name, now + PAUSE), here[1])
            self._count(pipe, f"ended: {reason}", now)

        self._redis.transaction(step, _one(conversation), _name("present"))

    def _touch(self, conversation: Conversation, now: datetime) -> None:
        def step(pipe: Pipeline) -> None:
            state, token = cast(Any, pipe.hmget(_one(conversation.id), "state", "token"))
            pipe.multi()
            if state not in (b"waiting", b"talking"):
                return
            pipe.hset(_one(conversation.id), "seen", now.isoformat())
            names = [_one(conversation.id), _name("token", token.decode())]
            if state == b"waiting":
                pipe.hset(_one(conversation.id), "quiet_since", now.isoformat())
                pipe.zadd(_name("quiet"), {str(conversation.id): now.timestamp()})
                names += [_name("words", conversation.id), _name("once", conversation.id)]
                for name in names:
                    pipe.expire(name, _LIFE)

        self._redis.transaction(step, _one(conversation.id))

    def _conversation(self, id_: int, now: datetime) -> Conversation | None:
        told = {
            name.decode(): value for name, value in cast(dict[bytes, bytes], self._redis.hgetall(_one(id_))).items()
        }
        if "started" not in told:
            return None
        row = {name: value.decode() for name, value in told.items() if name != "key"}
        place = 0
        if row["state"] == "waiting":
            place = int(cast(int | None, self._redis.zrank(_name("waiting"), str(id_))) or 0) + 1
        watched = datetime.fromisoformat(row["watched"]) if "watched" in row else None
        return Conversation(
            id=id_,
            state=row["state"],  # type: ignore[arg-type]
            started=datetime.fromisoformat(row["started"]),
            quiet_since=datetime.fromisoformat(row["quiet_since"]),
            seen=datetime.fromisoformat(row["seen"]),
            adviser=int(row["adviser"]) if "adviser" in row else None,
            adviser_name=row.get("adviser_name", ""),
            watcher=row.get("watcher", "") if watched and watched > now - WATCHED_FOR else "",
            reason=row.get("reason"),  # type: ignore[arg-type]
            newest=int(row["newest"]),
            place=place,
        )

    @staticmethod
    def _present(client: "redis.Redis | Pipeline") -> dict[int, tuple[Adviser, datetime]]:
        found = {}
        for id_, raw in cast(dict[bytes, bytes], client.hgetall(_name("present"))).items():
            name, seen, until = json.loads(raw)
            adviser = Adviser(int(id_), name, datetime.fromisoformat(until) if until else None)
            found[adviser.id] = (adviser, datetime.fromisoformat(seen))
        return found

    @staticmethod
    def _put_present(pipe: Pipeline, adviser: Adviser, seen: datetime) -> None:
        until = adviser.pause_until.isoformat() if adviser.pause_until else None
        pipe.hset(_name("present"), str(adviser.id), json.dumps([adviser.name, seen.isoformat(), until]))
        pipe.expire(_name("present"), timedelta(days=1))

    @staticmethod
    def _count(pipe: Pipeline, what: str, now: datetime, by: int = 1) -> None:
        pipe.hincrby(_name("counts", hour_of(now)), what, by)
        pipe.expire(_name("counts", hour_of(now)), _COUNTS_KEPT)

    def _look_whether_it_writes(self) -> None:
        """Ask once. Raises problems.Refused where the server keeps what it holds on a disk."""
        if self._looked:
            return
        what, instead = "", "Start it with --save '' --appendonly no."
        try:
            told = cast(dict[str, str], {**self._redis.config_get("save"), **self._redis.config_get("appendonly")})
            if told.get("save") or told.get("appendonly") != "no":
                what = "This Valkey writes what it holds to its disk, where words would outlive their conversation."
        except redis.ResponseError:
            what = "This Valkey does not say whether it writes what it holds to its disk."
            instead = "Let our user run CONFIG GET."
        if what:
            raise Refused([Problem("SIDEDOOR_CHAT_STORE", None, what, instead)])
        self._looked = True


def _name(*parts: object) -> str:
    return _PREFIX + ":".join(map(str, parts))


def _one(conversation: int) -> str:
    return _name("one", conversation)
