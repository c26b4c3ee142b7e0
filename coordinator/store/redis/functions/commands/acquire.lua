-- acquire: leases the best pending task that the agent's host has room for. A blocked exclusive task that would be next reserves the host instead.
--   call   {agentId, sessionId, token}
--   answer nothing, or task id, attempt, device, leased until, task spec, result of its conversion ('' when there is none)
--   codes  stale_session, unjudged

local function result_of_conversion(task)
  if task.kind ~= 'benchmark' then return '' end
  for _, need_id in ipairs(task.needs) do
    local need = work.must('task', need_id)
    if need.kind == 'convert' and need.has_result then return redis.call('HGET', work.key('task', need_id), 'result') end
  end
  return ''
end

local function answer(task_id, task, attempt, till)
  local spec = redis.call('HGET', work.key('task', task_id), 'spec')
  return { task_id, exact(attempt.n), attempt.device, exact(till), spec, result_of_conversion(task) }
end

local function lease_with_token(agent, token)
  for _, lease in ipairs(agent.leases) do
    if lease.token == token then
      local attempt, task = attempts.current(lease.task)
      return answer(lease.task, task, attempt, alarms.at(alarms.of_attempt('lease', lease.task, attempt.n)))
    end
  end
  return {}
end

local function lease(call, agent, choice)
  local task = work.must('task', choice.task)
  local attempt = {
    n = task.base + #task.attempts + 1,
    agent = call.agentId,
    host = agent.host,
    device = choice.device,
    token = call.token,
    leased = work.now,
    accept_by = work.now + ACCEPT_MS,
  }
  task.attempts[#task.attempts + 1] = attempt
  tasks.move(choice.task, 'leased')
  quotas.hold(choice.task, task, quotas.pool_of(agent, choice.device))
  local on_host = { task = choice.task, attempt = attempt.n, agent = call.agentId, exclusive = task.exclusive }
  exclusivity.occupy(agent.host, on_host, task.submitter)
  agent.leases[#agent.leases + 1] = { task = choice.task, attempt = attempt.n, device = choice.device, token = call.token }
  agent.last_token = call.token
  work.touch('agent', call.agentId)
  local till = work.now + LEASE_MS
  redis.call(
    'ZADD', work.prefix .. 'alarms', exact(till), alarms.of_attempt('lease', choice.task, attempt.n),
    exact(attempt.accept_by), alarms.of_attempt('accept', choice.task, attempt.n)
  )
  return answer(choice.task, task, attempt, till)
end

function commands.acquire(call)
  local agent = agents.current(call.agentId, call.sessionId)
  if agent.last_token == call.token then return lease_with_token(agent, call.token) end
  if not agents.takes_work(agent) then return {} end
  local choice = choose.next(call.agentId, agent)
  if not choice then return {} end
  if choice.kind == 'reserve' then
    exclusivity.reserve(agent.host, choice.task)
    return {}
  end
  return lease(call, agent, choice)
end
