-- Moving windows. Each key is a list of moments (milliseconds), the newest first: one for each
-- unit that was let in, at most as many as may be. So the unit that must have left the window
-- before `cost` more come in stands at a known place.
-- ARGV, four for each key: amount, window in ms, cost, group. Where one key of a group has no room,
-- nothing is counted in the whole group. Returns four for each key: whether its group was let in,
-- how many units are in the window now, in how many ms there is room for the cost, and for all.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local waits, full = {}, {}
for i, key in ipairs(KEYS) do
  local amount, window = tonumber(ARGV[4 * i - 3]), tonumber(ARGV[4 * i - 2])
  local cost, group = tonumber(ARGV[4 * i - 1]), ARGV[4 * i]
  local oldest = redis.call('LINDEX', key, amount - cost)
  waits[i] = oldest and math.max(0, oldest + window - now) or 0
  if waits[i] > 0 then full[group] = true end
end
local told = {}
for i, key in ipairs(KEYS) do
  local amount, window = tonumber(ARGV[4 * i - 3]), tonumber(ARGV[4 * i - 2])
  local cost, group = tonumber(ARGV[4 * i - 1]), ARGV[4 * i]
  if not full[group] then
    for _ = 1, cost do redis.call('LPUSH', key, now) end
    redis.call('LTRIM', key, 0, amount - 1)
    redis.call('PEXPIRE', key, window)
  end
  local low, high = 0, redis.call('LLEN', key)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if redis.call('LINDEX', key, middle) + window > now then low = middle + 1 else high = middle end
  end
  local newest = redis.call('LINDEX', key, 0)
  told[4 * i - 3] = full[group] and 0 or 1
  told[4 * i - 2] = low
  told[4 * i - 1] = waits[i]
  told[4 * i] = newest and math.max(0, newest + window - now) or 0
end
return told
