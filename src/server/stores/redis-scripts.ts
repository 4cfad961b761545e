/*
 * What runs within Redis, each in one step and on keys of one slot, all of them named. A script goes with every call: there is
 * none to be missed after a restart. No key stays without an end.
 */

const TIME = `local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`

/** Whatever is there stays at least until then. Lua would round a number of so many digits in a text of its own making. */
const LASTS = `local function lasts(key, untilMs)
  local left = redis.call('PTTL', key)
  if left ~= -2 and left < untilMs - now then redis.call('PEXPIREAT', key, string.format('%.0f', untilMs)) end
end
`

/** For so much longer than the last session of a user does his generation stay. */
const DAY = 86_400_000

/** Redis itself keeps a key through the millisecond of its end, by a clock that may be a little behind this one. */
const ROW = `local row = redis.call('HMGET', KEYS[1], 'v', 'n', 'e')
if row[3] and tonumber(row[3]) <= now then row = {} end
`

export const GET = `${TIME}${ROW}if not row[1] then return false end
return {row[1], row[2], now}`

export const TAKE = `${TIME}${ROW}if not row[1] then return false end
redis.call('DEL', KEYS[1])
return {row[1], row[2], now}`

/** ARGV: value, version, end, and the version that must be there, or nothing. */
export const PUT = `${TIME}${ROW}if (row[2] or nil) ~= ARGV[4] then return 0 end
if tonumber(ARGV[3]) <= now then
  redis.call('DEL', KEYS[1])
  return 1
end
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'n', ARGV[2], 'e', ARGV[3])
redis.call('PEXPIREAT', KEYS[1], ARGV[3])
return 1`

/** KEYS: the list of a user and his generation. ARGV: the key of a session, and its end. */
export const LIST = `${TIME}${LASTS}local untilMs = tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
if untilMs <= now then return 0 end
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
lasts(KEYS[1], untilMs)
lasts(KEYS[2], untilMs + ${DAY})
return 1`

/** ARGV: cursor, and about how many. */
export const LISTED = `${TIME}local page = redis.call('ZSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local found = {page[1]}
for i = 1, #page[2], 2 do
  if tonumber(page[2][i + 1]) > now then found[#found + 1] = page[2][i] end
end
return found`

/** KEYS: the generation of a user and his list, whose end is that of his last session. ARGV: what it is to be at least, or nothing. */
export const BUMP = `${TIME}local before = tonumber(redis.call('GET', KEYS[1]) or '0')
local least = tonumber(ARGV[1])
local generation = least and math.max(before, least) or math.max(before + 1, now)
local left = math.max(redis.call('PTTL', KEYS[1]), math.max(redis.call('PTTL', KEYS[2]), 0) + ${DAY})
redis.call('SET', KEYS[1], string.format('%.0f', generation), 'PX', string.format('%.0f', left))
return generation`

export const GENERATION = `${TIME}return {tonumber(redis.call('GET', KEYS[1]) or '0'), now}`

/** ARGV: the window. */
export const COUNT = `${TIME}local untilMs = tonumber(redis.call('HGET', KEYS[1], 'e') or '0')
if untilMs > now then return {redis.call('HINCRBY', KEYS[1], 'n', 1), untilMs, now} end
untilMs = now + tonumber(ARGV[1])
redis.call('HSET', KEYS[1], 'n', '1', 'e', string.format('%.0f', untilMs))
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', untilMs))
return {1, untilMs, now}`

export const INFO = `local told = {}
for _, section in ipairs({'memory', 'persistence'}) do
  local text = redis.pcall('INFO', section)
  if type(text) == 'string' then told[#told + 1] = text end
end
return table.concat(told)`
