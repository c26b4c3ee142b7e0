-- What an agent's host should do next: the order between heads of store/order.ts.

local function aged_class(entry)
  local own = PRIORITY_CLASS[entry.priority]
  local waited = work.now - entry.enqueued
  if own == 0 or waited <= AGING_MS[entry.priority] then return own end
  if entry.priority == 'sweep' and waited > AGING_MS.sweep + AGING_MS.interactive then return own - 2 end
  return own - 1
end

local function goes_before(a, b)
  if a.class ~= b.class then return a.class < b.class end
  if a.turn ~= b.turn then return a.turn < b.turn end
  return a.sequence < b.sequence
end

local function candidates_for(agent_id, agent, host)
  local turns = {}
  for index, submitter in ipairs(host.served) do turns[submitter] = index end
  local candidates = {}
  local function consider(entry, exclusive, device)
    entry.class = aged_class(entry)
    entry.turn = turns[entry.submitter] or 0
    entry.exclusive = exclusive
    entry.device = device
    candidates[#candidates + 1] = entry
  end
  matching.each_route(agent_id, agent, function(route, priority, device)
    local pool = quotas.pool_of(agent, device)
    local entry = queues.head(route:sub(1, -3), priority, host, function(submitter) return not quotas.exceeds(submitter, pool) end)
    if entry then consider(entry, route:sub(-1) == 'e', device) end
  end)
  if host.reserved_for then
    -- The task a host is reserved for need not be the head of its lane any more.
    local task = work.must('task', host.reserved_for)
    local entry = { sequence = task.seq, enqueued = task.enqueued, submitter = task.submitter, task = host.reserved_for, priority = task.priority }
    consider(entry, true, matching.serving_device(agent_id, agent, task))
  end
  return candidates
end

-- A task that waits for another host to fall quiet does not block this one too.
local function is_free_to_reserve(host_id, task_id)
  local reserved = work.must('task', task_id).reserved
  return reserved == nil or reserved == host_id
end

local function first(candidates, admits)
  local best
  for _, one in ipairs(candidates) do
    if admits(one) and (best == nil or goes_before(one, best)) then best = one end
  end
  return best
end

local function choose_for_free_host(host, candidates)
  local best = first(candidates, function(one) return not host.reserved_for or one.exclusive end)
  return best and best.device and { kind = 'lease', task = best.task, device = best.device } or nil
end

local function choose_for_busy_host(host_id, host, candidates)
  local blocked = {}
  local function admits(one)
    return not blocked[one] and (not host.reserved_for or one.exclusive)
  end
  local best = first(candidates, admits)
  -- Whether a task waits for another host is looked at for the best only: that needs its record.
  while best and best.exclusive and not is_free_to_reserve(host_id, best.task) do
    blocked[best] = true
    best = first(candidates, admits)
  end
  if not best or best.task == host.reserved_for then return nil end
  if best.exclusive then return { kind = 'reserve', task = best.task } end
  return best.device and { kind = 'lease', task = best.task, device = best.device } or nil
end

-- A host does not wait for a task that a quota holds back.
local function give_up_exceeding(agent_id, agent, host)
  if not host.reserved_for then return end
  local task = work.must('task', host.reserved_for)
  local device = matching.serving_device(agent_id, agent, task)
  if device and quotas.exceeds(task.submitter, quotas.pool_of(agent, device)) then exclusivity.release_reservation(agent.host) end
end

-- {kind = 'lease', task, device}, {kind = 'reserve', task}, or nil.
function choose.next(agent_id, agent)
  local host_id = agent.host
  local host = work.must('host', host_id)
  local room = exclusivity.room(host)
  if room == 'full' then return nil end
  exclusivity.review(host_id)
  give_up_exceeding(agent_id, agent, host)
  local candidates = candidates_for(agent_id, agent, host)
  if room == 'free' then return choose_for_free_host(host, candidates) end
  return choose_for_busy_host(host_id, host, candidates)
end
