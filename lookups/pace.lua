-- Token buckets. ARGV, four for each key: tokens a second, most tokens, how many are wanted, and how
-- many were spent already. Returns two for each key: how many are granted, and in how many ms the
-- next will be there.
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local told = {}
for i, key in ipairs(KEYS) do
  local rate, burst = tonumber(ARGV[4 * i - 3]), tonumber(ARGV[4 * i - 2])
  local wanted, spent = tonumber(ARGV[4 * i - 1]), tonumber(ARGV[4 * i])
  local kept = redis.call('HMGET', key, 'tokens', 'at')
  local tokens = burst
  if kept[1] then tokens = math.min(burst, kept[1] + math.max(0, now - kept[2]) * rate) end
  tokens = tokens - spent
  local granted = math.max(0, math.min(wanted, math.floor(tokens)))
  tokens = tokens - granted
  redis.call('HSET', key, 'tokens', tostring(tokens), 'at', string.format('%.6f', now))
  redis.call('PEXPIRE', key, math.ceil((burst - tokens) / rate * 1000) + 1000)
  told[2 * i - 1] = granted
  told[2 * i] = math.ceil(math.max(0, 1 - tokens) / rate * 1000)
end
return told
