"""The Lua scripts of the Valkey store. The server runs each as one step: one request, one reply, at one moment.

The functions below send them and take their replies apart; what the values mean is the store's business.

"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, cast

import redis

PREFIX = "sidedoor:chat:"
"""Every key of the store begins with this."""
_BOARD = """
local desks, rows = redis.call('HGETALL', ARGV[1] .. 'desks'), {}
local seen = {}
for at = 1, #desks, 2 do seen[desks[at]] = desks[at + 1] end
local brief, owners = {}, redis.pcall('HGETALL', ARGV[1] .. 'brief')
for at = 1, #owners, 2 do brief[owners[at]] = owners[at + 1] end
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
    local facts = redis.call('HMGET', name, 'state', 'adviser', 'player')
    if is_shown(facts[1], facts[2], facts[3]) then
      local pairs, row = redis.call('HGETALL', name), {}
      for at = 1, #pairs, 2 do row[pairs[at]] = pairs[at + 1] end
      row.key = nil
      table.insert(rows, {id, row, seen[facts[2]] or '', redis.call('HKEYS', ARGV[1] .. 'kept:' .. id)})
    end
  end
end
return {redis.call('HGETALL', ARGV[1] .. 'present'), cjson.encode(rows)}
"""
"""All that one board shows, at one moment and by one request: of all live conversations, those that ARGV[2] (an
adviser; empty for all) has to see. A desk whose last sign came at ARGV[3], or earlier, is gone. A board shows few of
the live conversations: the hash `brief` says whose each is, so that the others are not read. One that is missing there
is read. The rows are one text (JSON): reading a thousand replies cost the desk more than all else that a board does."""
_NEWS = """
local answers = {}
for at = 2, #ARGV do
  local facts = redis.pcall('HMGET', ARGV[1] .. 'one:' .. ARGV[at], 'newest', 'state', 'adviser')
  answers[at - 1] = facts[1] and facts[2] and facts[1] .. ' ' .. facts[2] .. ' ' .. (facts[3] or '0') or ''
end
return {redis.pcall('HGETALL', ARGV[1] .. 'desks'), table.concat(answers, ',')}
"""
"""The news for all readers of a worker, as one text: a reply for each costs more to read than to look up."""
_LOOKED_IN = """
local waiting = {}
for at = 3, #ARGV, 3 do
  local id, name = ARGV[at], ARGV[1] .. 'one:' .. ARGV[at]
  local facts = redis.pcall('HMGET', name, 'state', 'token', 'newest', 'shown')
  if facts[1] == 'waiting' or facts[1] == 'talking' then
    local shown = math.max(tonumber(facts[4]) or 0, math.min(tonumber(ARGV[at + 2]), tonumber(facts[3]) or 0))
    redis.call('HSET', name, 'seen', ARGV[at + 1], 'shown', shown)
    for _, kind in ipairs({'one:', 'words:', 'once:', 'kept:'}) do
      redis.call('EXPIRE', ARGV[1] .. kind .. id, ARGV[2])
    end
    redis.call('EXPIRE', ARGV[1] .. 'token:' .. (facts[2] or ''), ARGV[2])
    if facts[1] == 'waiting' then table.insert(waiting, id) end
  end
end
return waiting
"""
"""After ARGV[2], three values for each conversation: its number, when its reader was there, how many messages they have
had on the screen. Its keys then expire in ARGV[2] seconds. Returns those that wait: only their end is put off by a
reader who is there."""
_SET = """
local name = ARGV[1] .. 'one:' .. ARGV[2]
local state, newest, before = unpack(redis.call('HMGET', name, 'state', 'newest', 'shown'))
if state ~= 'waiting' and state ~= 'talking' then return end
local number = tonumber(ARGV[4])
if ARGV[3] == 'shown' then number = math.max(tonumber(before) or 0, math.min(number, tonumber(newest))) end
redis.call('HSET', name, ARGV[3], number)
"""
"""Sets a number (ARGV[4]) of a running conversation (ARGV[2]) by its name; `shown` only grows, up to the newest."""


def board(client: redis.Redis, adviser: str, gone: str) -> tuple[dict[bytes, bytes], list[Any]]:
    """Who is present, and the rows that the board of `adviser` shows (all for an empty one): id, fields, desk, kept."""
    present, rows = cast(Any, client.eval(_BOARD, 0, PREFIX, adviser, gone))
    return dict(zip(present[::2], present[1::2], strict=True)), json.loads(rows.decode("utf-8", "replace"))


def news(client: redis.Redis, conversations: Iterable[int]) -> tuple[dict[bytes, bytes], list[list[bytes]]]:
    """The last sign of each desk; for each conversation its newest, state and adviser, empty if it is gone."""
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
