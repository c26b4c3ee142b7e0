-- What a host has room for, its leases, holds and its one reservation.

-- free: anything, or only exclusive work while it is reserved. shared: room for more shared leases. full: nothing, whoever asks.
function exclusivity.room(host)
  if #host.leases == 0 then return 'free' end
  for _, lease in ipairs(host.leases) do
    if lease.exclusive then return 'full' end
  end
  return #host.leases < SHARED_LEASES_PER_HOST and 'shared' or 'full'
end

-- Counts a lease on its host and gives its submitter the host's turn.
function exclusivity.occupy(host_id, lease, submitter)
  exclusivity.release_reservation(host_id)
  local host = work.must('host', host_id)
  local served = {}
  for _, other in ipairs(host.served) do
    if other ~= submitter then served[#served + 1] = other end
  end
  while #served >= MAX_REMEMBERED_TURNS do table.remove(served, 1) end
  served[#served + 1] = submitter
  host.served = served
  host.leases[#host.leases + 1] = lease
  work.touch('host', host_id)
  if exclusivity.room(host) == 'full' then drop(work.freed, host_id) end
end

local function find(host, task_id, attempt)
  for index, lease in ipairs(host.leases) do
    if lease.task == task_id and lease.attempt == attempt then return index, lease end
  end
end

-- Ends a lease on its host. No-op when it has ended.
function exclusivity.vacate(host_id, task_id, attempt)
  local host = work.must('host', host_id)
  local index, lease = find(host, task_id, attempt)
  if not index then return end
  if lease.held then alarms.clear(alarms.of_host(host_id, task_id, attempt)) end
  table.remove(host.leases, index)
  work.touch('host', host_id)
  add(work.freed, host_id)
end

-- The attempt has ended but its agent, out of reach, may still be at work: the host stays taken until the lease would have ended.
function exclusivity.hold(host_id, task_id, attempt, till)
  local host = work.must('host', host_id)
  local _, lease = find(host, task_id, attempt)
  if lease then lease.held = till end
  work.touch('host', host_id)
  alarms.set(alarms.of_host(host_id, task_id, attempt), till)
end

-- Ends the holds of an agent that `is_listed` does not name.
function exclusivity.disown(host_id, agent_id, is_listed)
  local ended = {}
  for _, lease in ipairs(work.must('host', host_id).leases) do
    if lease.agent == agent_id and lease.held and not is_listed(lease.task, lease.attempt) then ended[#ended + 1] = lease end
  end
  for _, lease in ipairs(ended) do exclusivity.vacate(host_id, lease.task, lease.attempt) end
end

-- A host has one reservation and a task one host: an older one on either side is given up.
function exclusivity.reserve(host_id, task_id)
  local host = work.must('host', host_id)
  if host.reserved_for == task_id then return end
  if host.reserved_for then exclusivity.release_reservation(host_id) end
  local task = work.must('task', task_id)
  if task.reserved then exclusivity.release_reservation(task.reserved) end
  host.reserved_for = task_id
  task.reserved = host_id
  work.touch('host', host_id)
  work.touch('task', task_id)
end

function exclusivity.release_reservation(host_id)
  local host = work.must('host', host_id)
  if not host.reserved_for then return end
  work.must('task', host.reserved_for).reserved = nil
  work.touch('task', host.reserved_for)
  host.reserved_for = nil
  work.touch('host', host_id)
  add(work.freed, host_id)
end

-- Refuses unless a later `review` of these hosts will know every match it asks for: called before the first write.
function exclusivity.require_reviewable(host_ids)
  for _, host_id in ipairs(host_ids) do
    local host = work.get('host', host_id)
    if host and host.reserved_for then
      local task = work.must('task', host.reserved_for)
      for _, agent_id in ipairs(host.agents) do
        local agent = work.get('agent', agent_id)
        if agent then matching.serving_device(agent_id, agent, task) end
      end
    end
  end
end

-- Gives up a host's reservation when no agent there could serve the task any more: lost, not ready, or changed devices.
function exclusivity.review(host_id)
  local host = work.must('host', host_id)
  if not host.reserved_for then return end
  local task = work.must('task', host.reserved_for)
  for _, agent_id in ipairs(host.agents) do
    local agent = work.get('agent', agent_id)
    if agent and agents.takes_work(agent) and matching.serving_device(agent_id, agent, task) then return end
  end
  exclusivity.release_reservation(host_id)
end
