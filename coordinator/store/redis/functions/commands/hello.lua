-- hello: begins a session. The agent's earlier ones become stale, and both sides agree on the leases it holds.
--   call   {agentId, instanceId, hostId, status, devices = {{name, profile}}, held = {{taskId, attempt, token}}}
--   texts  document of the agent (what only a hello changes), status document
--   answer session id, verdicts as '1' (continue) and '0' (abandon) per held lease
--   codes  duplicate_agent, unjudged

local function join_host(host_id, agent_id)
  local host = work.get('host', host_id) or work.put('host', host_id, { agents = {}, leases = {}, served = {} })
  for _, other in ipairs(host.agents) do
    if other == agent_id then return end
  end
  host.agents[#host.agents + 1] = agent_id
  work.touch('host', host_id)
end

local function leave_host(host_id, agent_id)
  local host = work.must('host', host_id)
  for index, other in ipairs(host.agents) do
    if other == agent_id then table.remove(host.agents, index) end
  end
  work.touch('host', host_id)
end

-- A lease in force continues, with a full duration; holding it proves that it was accepted. The work of a stopped task is abandoned and its host stays
-- taken until the agent, which now learns of it, has stopped.
local function judge(agent_id, lease)
  local attempt, task = attempts.live(agent_id, lease)
  if not attempt then return '0' end
  local stop = stops.of(task)
  if stop then
    attempts.finish(lease.taskId, task, { state = 'cancelled', out_of_reach = true })
    stops.finish(lease.taskId, stop)
    return '0'
  end
  attempts.renew(lease.taskId, attempt.n)
  if not attempt.accepted then attempts.accept(lease.taskId, attempt) end
  return '1'
end

-- Leases the store counts but the agent does not hold: an assignment that never arrived goes back, accepted work is lost.
local function drop_unheld(agent_id, agent, held)
  local reported = {}
  for _, lease in ipairs(held) do reported[lease.taskId .. '/' .. lease.attempt .. '/' .. lease.token] = true end
  local counted = {}
  for index, lease in ipairs(agent.leases) do counted[index] = lease.task end
  for _, task_id in ipairs(counted) do
    local attempt, task = attempts.current(task_id)
    if attempt and not reported[task_id .. '/' .. attempt.n .. '/' .. attempt.token] then
      local report = attempt.accepted and tasks.report('agent-lost', { agentId = agent_id }) or tasks.report('not-accepted')
      attempts.finish(task_id, task, { state = 'exception', error = report })
      if attempt.accepted then marks.count_failure(agent_id, report) end
      attempts.retry_or_end(task_id, task, report)
    end
  end
end

local function refuse_clone(call, present)
  local alive = present and present.connection == 'connected' and work.now - present.seen < SILENCE_MS
  if alive and present.instance ~= call.instanceId then refuse('duplicate_agent', { agentId = call.agentId }) end
end

local function begin_session(call, present, agent)
  agent.session = work.counter('session')
  agents.announce(call.agentId, agent, present)
  if present then alarms.clear(alarms.of_session(call.agentId, present.session)) end
  agents.watch_silence(call.agentId, agent)
  redis.call('ZADD', work.prefix .. 'agents', 'NX', redis.call('ZCARD', work.prefix .. 'agents'), call.agentId)
end

local function settle_host(call, host_id)
  exclusivity.disown(host_id, call.agentId, function(task_id, attempt)
    for _, lease in ipairs(call.held) do
      if lease.taskId == task_id and lease.attempt == attempt then return true end
    end
    return false
  end)
  if host_id ~= call.hostId then leave_host(host_id, call.agentId) end
  exclusivity.review(host_id)
end

function commands.hello(call, texts)
  local id = call.agentId
  local present = work.get('agent', id)
  refuse_clone(call, present)
  local agent = {
    instance = call.instanceId,
    connection = 'connected',
    status = call.status,
    seen = work.now,
    connected = work.now,
    host = call.hostId,
    devices = call.devices,
    leases = present and present.leases or {},
    last_token = present and present.last_token,
    mark = present and present.mark,
    failures = present and present.failures,
    trips = present and present.trips,
  }
  local former = present and present.host or call.hostId
  local is_new_host = not work.get('host', call.hostId)
  join_host(call.hostId, id)
  work.put('agent', id, agent)
  work.field('agent', id, 'doc', texts[1])
  work.field('agent', id, 'status', texts[2])
  exclusivity.require_reviewable({ former, call.hostId })
  begin_session(call, present, agent)
  if is_new_host then work.counter('host') end
  local verdicts = {}
  for index, lease in ipairs(call.held) do verdicts[index] = judge(id, lease) end
  drop_unheld(id, agent, call.held)
  settle_host(call, former)
  if former ~= call.hostId then settle_host(call, call.hostId) end
  return { exact(agent.session), table.concat(verdicts) }
end
