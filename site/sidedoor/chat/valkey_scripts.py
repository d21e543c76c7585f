"""The Lua scripts of the Valkey store. A server runs each as one step: one request, one reply, and one moment.

The replies are raw: the store reads them.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, cast

import redis

PREFIX = "sidedoor:chat:"
"""Every key of the store begins with this."""
_BOARD = """
local desks, found = redis.call('HGETALL', ARGV[1] .. 'desks'), {}
local seen = {}
for at = 1, #desks, 2 do seen[desks[at]] = desks[at + 1] end
local brief, told = {}, redis.pcall('HGETALL', ARGV[1] .. 'brief')
for at = 1, #told, 2 do brief[told[at]] = told[at + 1] end
local shown = {}
local function is_shown(state, adviser, player)
  local left = state == 'talking' and (not seen[adviser] or seen[adviser] <= ARGV[3])
  return ARGV[2] == '' or state == 'waiting' or adviser == ARGV[2] or player == ARGV[2] or left
end
for _, id in ipairs(redis.call('ZRANGE', ARGV[1] .. 'live', 0, -1)) do
  local short = brief[id]
  if short and shown[short] == nil then shown[short] = is_shown(string.match(short, '^(%a*):(%d*):(%d*)$')) end
  local name = ARGV[1] .. 'one:' .. id
  if shown[short or ''] ~= false and redis.call('TYPE', name).ok == 'hash' then
    local some = redis.call('HMGET', name, 'state', 'adviser', 'player')
    if is_shown(some[1], some[2], some[3]) then
      local pairs, row = redis.call('HGETALL', name), {}
      for at = 1, #pairs, 2 do row[pairs[at]] = pairs[at + 1] end
      row.key = nil
      table.insert(found, {id, row, seen[some[2]] or '', redis.call('HKEYS', ARGV[1] .. 'kept:' .. id)})
    end
  end
end
return {redis.call('HGETALL', ARGV[1] .. 'present'), cjson.encode(found)}
"""
"""All that one board shows, at one moment and by one question: of everybody who lives, those whom ARGV[2] (an adviser,
or nobody for all) has to see; ARGV[3]: a desk that gave its last sign then, or earlier, is gone. A board shows few of
all that live: whose they are stands in one hash, `brief`, too, so that the others are not asked. One that is not in it
is. All of it is one text (JSON): a thousand replies cost the desk more to read than all else that a board does."""
_NEWS = """
local found = {}
for at = 2, #ARGV do
  local told = redis.pcall('HMGET', ARGV[1] .. 'one:' .. ARGV[at], 'newest', 'state', 'adviser')
  found[at - 1] = told[1] and told[2] and told[1] .. ' ' .. told[2] .. ' ' .. (told[3] or '0') or ''
end
return {redis.pcall('HGETALL', ARGV[1] .. 'desks'), table.concat(found, ',')}
"""
"""What a worker's readers are told at once, as one text: a reply for each costs more to read than to find."""
_LOOKED_IN = """
local waiting = {}
for at = 3, #ARGV, 3 do
  local id, name = ARGV[at], ARGV[1] .. 'one:' .. ARGV[at]
  local told = redis.pcall('HMGET', name, 'state', 'token', 'newest', 'shown')
  if told[1] == 'waiting' or told[1] == 'talking' then
    local shown = math.max(tonumber(told[4]) or 0, math.min(tonumber(ARGV[at + 2]), tonumber(told[3]) or 0))
    redis.call('HSET', name, 'seen', ARGV[at + 1], 'shown', shown)
    for _, kept in ipairs({'one:', 'words:', 'once:', 'kept:'}) do
      redis.call('EXPIRE', ARGV[1] .. kept .. id, ARGV[2])
    end
    redis.call('EXPIRE', ARGV[1] .. 'token:' .. (told[2] or ''), ARGV[2])
    if told[1] == 'waiting' then table.insert(waiting, id) end
  end
end
return waiting
"""
"""Of each conversation after ARGV[2], by threes: its reader was there at a moment, and has had so many messages on the
screen. Puts off by ARGV[2] seconds that its keys expire. Returns those that wait: their end alone is put off, too, by
somebody being there."""
_SET = """
local name = ARGV[1] .. 'one:' .. ARGV[2]
local state, newest, before = unpack(redis.call('HMGET', name, 'state', 'newest', 'shown'))
if state ~= 'waiting' and state ~= 'talking' then return end
local number = tonumber(ARGV[4])
if ARGV[3] == 'shown' then number = math.max(tonumber(before) or 0, math.min(number, tonumber(newest))) end
redis.call('HSET', name, ARGV[3], number)
"""
"""Of a conversation (ARGV[2]) that goes on, a number (ARGV[4]) by its name; `shown` only grows, up to the newest."""


def board(client: redis.Redis, adviser: str, gone: str) -> tuple[dict[bytes, bytes], list[Any]]:
    """Who is present, and the rows that the board of `adviser` shows (all for an empty one): id, fields, desk, kept."""
    present, rows = cast(Any, client.eval(_BOARD, 0, PREFIX, adviser, gone))
    return dict(zip(present[::2], present[1::2], strict=True)), json.loads(rows.decode("utf-8", "replace"))


def news(client: redis.Redis, conversations: Iterable[int]) -> tuple[dict[bytes, bytes], list[list[bytes]]]:
    """The last sign of each desk; for each conversation its newest, state and adviser, or nothing where it is gone."""
    desks, rows = cast(Any, client.eval(_NEWS, 0, PREFIX, *map(str, conversations)))
    seen = dict(zip(desks[::2], desks[1::2], strict=True)) if isinstance(desks, list) else {}
    return seen, [row.split() for row in rows.split(b",")]


def looked_in(client: redis.Redis, life: int, moments: Mapping[int, tuple[datetime, int]]) -> list[int]:
    """Write down when readers were there, and what they have seen. Returns the conversations that wait."""
    parts = (str(part) for id_, (moment, shown) in moments.items() for part in (id_, moment.isoformat(), shown))
    return [int(id_) for id_ in cast(Any, client.eval(_LOOKED_IN, 0, PREFIX, str(life), *parts))]


def set_number(client: redis.Redis, conversation: int, name: str, number: int) -> None:
    """Set a number of a conversation that goes on."""
    client.eval(_SET, 0, PREFIX, str(conversation), name, str(number))
