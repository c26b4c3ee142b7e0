-- Weights and quotas of the scheduling policy (domain/policy.ts), and the leases that count against quotas.
--
--   policy  hash: `h` what functions decide on (MessagePack), `doc` the document
--   leases  hash: live leases by the keys of `leaseKeys`

local function policy()
  if work.policy == nil then
    local packed = redis.call('HGET', work.prefix .. 'policy', 'h')
    work.policy = packed and cmsgpack.unpack(packed) or false
  end
  return work.policy or nil
end

function quotas.weight(submitter)
  local current = policy()
  return current and current.weights[submitter] or 1
end

local function keys_of(submitter, pool)
  if not pool then return { 's ' .. submitter } end
  return { 's ' .. submitter, 'p ' .. pool, 'b ' .. submitter .. ' ' .. pool }
end

local function count_of(key)
  if work.leases[key] == nil then work.leases[key] = tonumber(redis.call('HGET', work.prefix .. 'leases', key) or '0') end
  return work.leases[key]
end

-- Whether one more lease of this submitter on a device of this pool (nil: of none) would exceed a quota.
function quotas.exceeds(submitter, pool)
  local current = policy()
  if not current then return false end
  local keys = keys_of(submitter, pool)
  local limits = current.quotas
  local own = limits.submitters[submitter] or limits.perSubmitter
  if own and count_of(keys[1]) >= own then return true end
  local of_pool = pool and limits.pools[pool]
  if not of_pool then return false end
  if of_pool.total and count_of(keys[2]) >= of_pool.total then return true end
  return of_pool.perSubmitter ~= nil and count_of(keys[3]) >= of_pool.perSubmitter
end

local function count(submitter, pool, change)
  for _, key in ipairs(keys_of(submitter, pool)) do
    local left = redis.call('HINCRBY', work.prefix .. 'leases', key, change)
    if left <= 0 then redis.call('HDEL', work.prefix .. 'leases', key) end
    work.leases[key] = left
  end
end

-- Pool of an agent's device: its label `pool`.
function quotas.pool_of(agent, device_name)
  for _, device in ipairs(agent.devices) do
    if device.name == device_name then return device.pool end
  end
  return nil
end

-- Counts the lease of a task that is leased now.
function quotas.hold(task_id, task, pool)
  task.pool = pool
  work.touch('task', task_id)
  count(task.submitter, pool, 1)
end

-- Gives back what `hold` took, and says so when somebody may have waited for it.
function quotas.release(task_id, task)
  if quotas.exceeds(task.submitter, task.pool) then work.quota_free = true end
  count(task.submitter, task.pool, -1)
  task.pool = nil
  work.touch('task', task_id)
end
