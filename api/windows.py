"""Sliding windows in Valkey or Redis: how often something happened within the last minute, for all processes together.

The window before counts as much as of it lies within the last minute: two numbers for a key, whatever the traffic.
All windows of a request are looked at and counted in one script, so in one round trip, by the store's own clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

SPAN = 60
"""Seconds."""
PATIENCE = 0.25
"""Seconds to wait for the store: it answers within a few milliseconds, or is gone."""

_TAKE = """
local span, time = tonumber(ARGV[1]), redis.call('TIME')
local now = (time[1] + time[2] / 1000000) / span
local turn = math.floor(now)
local passed = now - turn
local found, refused, answer = {}, false, {}
for i, key in ipairs(KEYS) do
  local limit, kept = tonumber(ARGV[i + 1]), redis.call('HMGET', key, 'turn', 'count', 'before')
  local count, before = tonumber(kept[2]) or 0, tonumber(kept[3]) or 0
  local behind = turn - (tonumber(kept[1]) or 0)
  if behind == 1 then before, count = count, 0 elseif behind ~= 0 then before, count = 0, 0 end
  local used, wait = before * (1 - passed) + count, 0
  if used + 1 > limit then
    refused = true
    if count + 1 <= limit then wait = 1 - (limit - 1 - count) / before - passed
    else wait = 2 - passed - (limit - 1) / count end
  end
  found[i] = {count, before, used, limit, wait}
end
for i, key in ipairs(KEYS) do
  local count, before, used, limit, wait = unpack(found[i])
  if not refused then
    used = used + 1
    redis.call('HSET', key, 'turn', turn, 'count', count + 1, 'before', before)
    redis.call('EXPIRE', key, 2 * span)
  end
  answer[i] = {math.max(0, math.floor(limit - used)), math.ceil(wait * span), math.ceil((1 - passed) * span)}
end
return answer
"""


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` of these within SPAN; `name` says of what kind, `key` whose."""

    name: str
    key: str
    limit: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What is left of a window; seconds to `wait` for room, 0 if there was some; seconds until it `renews` itself."""

    window: Window
    left: int
    wait: int
    renews: int


def take(url: str, windows: Sequence[Window]) -> list[Taken]:
    """Count one in each window, or in none if one of them has no room; raises redis.RedisError."""
    keys = [f"orderx:rate:{window.name}:{window.key}" for window in windows]
    answer = _script(url)(keys=keys, args=[SPAN, *(window.limit for window in windows)])
    return [Taken(window, *numbers) for window, numbers in zip(windows, answer, strict=True)]


@cache
def _script(url: str) -> redis.commands.core.Script:
    client = redis.Redis.from_url(
        url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(NoBackoff(), 0)
    )
    return client.register_script(_TAKE)
