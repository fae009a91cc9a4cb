"""Sliding-window counters in Valkey or Redis, shared by all processes.

A window is approximated from two counters per key, whatever the traffic: the current minute, and the part of the
previous minute that the window still covers. One script checks and counts all windows of a request, in one round trip,
by the clock of the store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

WINDOW_SECONDS = 60
STORE_TIMEOUT = 0.25
"""Seconds. A store that works answers within a few milliseconds."""

# The hash of a key holds the number of the minute (`turn`), the `count` in it and the count of the minute `before`.
_COUNT_REQUEST = """
local span, time = tonumber(ARGV[1]), redis.call('TIME')
local now = (time[1] + time[2] / 1000000) / span
local turn = math.floor(now)
local elapsed = now - turn
local windows, refused, answer = {}, false, {}
for i, key in ipairs(KEYS) do
  local limit, stored = tonumber(ARGV[i + 1]), redis.call('HMGET', key, 'turn', 'count', 'before')
  local count, before = tonumber(stored[2]) or 0, tonumber(stored[3]) or 0
  local age = turn - (tonumber(stored[1]) or 0)
  if age == 1 then before, count = count, 0 elseif age ~= 0 then before, count = 0, 0 end
  local used, wait = before * (1 - elapsed) + count, 0
  if used + 1 > limit then
    refused = true
    if count + 1 <= limit then wait = 1 - (limit - 1 - count) / before - elapsed
    else wait = 2 - elapsed - (limit - 1) / count end
  end
  windows[i] = {count, before, used, limit, wait}
end
for i, key in ipairs(KEYS) do
  local count, before, used, limit, wait = unpack(windows[i])
  if not refused then
    used = used + 1
    redis.call('HSET', key, 'turn', turn, 'count', count + 1, 'before', before)
    redis.call('EXPIRE', key, 2 * span)
  end
  answer[i] = {math.max(0, math.floor(limit - used)), math.ceil(wait * span), math.ceil((1 - elapsed) * span)}
end
return answer
"""


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` requests within WINDOW_SECONDS; `name` is the kind of limit, `key` identifies the client."""

    name: str
    key: str
    limit: int


@dataclass(frozen=True, slots=True)
class Usage:
    """How full a window is: requests `remaining`, seconds to `wait` if it is full (else 0), seconds until it resets."""

    window: Window
    remaining: int
    wait: int
    resets_in: int


def count(url: str, windows: Sequence[Window]) -> list[Usage]:
    """Count one request in each window, or in none if one of them is full; raises redis.RedisError."""
    keys = [f"orderx:rate:{window.name}:{window.key}" for window in windows]
    answer = _script(url)(keys=keys, args=[WINDOW_SECONDS, *(window.limit for window in windows)])
    return [Usage(window, *numbers) for window, numbers in zip(windows, answer, strict=True)]


@cache
def _script(url: str) -> redis.commands.core.Script:
    client = redis.Redis.from_url(
        url, socket_timeout=STORE_TIMEOUT, socket_connect_timeout=STORE_TIMEOUT, retry=Retry(NoBackoff(), 0)
    )
    return client.register_script(_COUNT_REQUEST)
