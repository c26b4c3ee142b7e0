-- expire: ends what is due and unchanged since it was listed.
--   call   {items = due items as the port writes them}; those of a kind that is not known here are left alone: a newer coordinator may have set them
--   answer JSON: {agent, task, attempt} of the attempts that ended; JSON: of those that have to be stopped because their job's time is over
--   codes  unjudged

local CODES = { lease = 'agent-lost', accept = 'not-accepted', timeout = 'attempt-timeout' }

-- As the alarm is kept, or nil.
local function member_of(item)
  if item.kind == 'session' then return alarms.of_session(item.agentId, item.sessionId) end
  if item.kind == 'mark' then return alarms.of_mark(item.agentId) end
  if item.kind == 'deadline' then return alarms.of_deadline(item.jobId) end
  if item.kind == 'avoid' then return alarms.of_avoidance(item.taskId) end
  if item.kind == 'host' then return alarms.of_host(item.hostId, item.taskId, item.attempt) end
  if CODES[item.kind] then return alarms.of_attempt(item.kind, item.taskId, item.attempt) end
  return nil
end

local function report_of(code, attempt, task)
  if code == 'agent-lost' then return tasks.report(code, { agentId = attempt.agent }) end
  if code == 'attempt-timeout' then return tasks.report(code, { limitMs = ATTEMPT_LIMIT_MS[task.kind] }) end
  return tasks.report(code)
end

-- Ends an attempt without its agent's word. One that was never accepted may be at work all the same, its acceptance late: its host stays taken until the
-- agent says hello or sends a heartbeat that does not list the lease, at most for the rest of the lease. So does the host of an agent that cannot
-- be told, or that works longer than it may.
local function take_away(ended, task_id, code)
  local attempt, task = attempts.current(task_id)
  if not attempt then return end
  local agent = work.get('agent', attempt.agent)
  local report = report_of(code, attempt, task)
  local out_of_reach = code ~= 'agent-lost' or not agent or agent.connection ~= 'connected'
  attempts.finish(task_id, task, { state = 'exception', error = report, out_of_reach = out_of_reach })
  if attempt.accepted then marks.count_failure(attempt.agent, report) end
  attempts.retry_or_end(task_id, task, report)
  ended[#ended + 1] = { attempt.agent, task_id, attempt.n }
end

local function end_session(ended, item, member)
  local agent = work.must('agent', item.agentId)
  local before = agents.seen(agent)
  agent.connection = 'offline'
  agent.closed = nil
  work.touch('agent', item.agentId)
  alarms.clear(member)
  agents.announce(item.agentId, agent, before)
  local held = {}
  for index, lease in ipairs(agent.leases) do held[index] = lease.task end
  for _, task_id in ipairs(held) do take_away(ended, task_id, 'agent-lost') end
  exclusivity.review(agent.host)
end

local function exceed_deadline(stopped, job_id)
  local job = work.must('job', job_id)
  stops.job(job_id, job, { by = DEADLINE_NAME, deadline_ms = job.deadline_ms })
  stops.add_told(stopped, job_id, job)
end

function commands.expire(call)
  local hosts = {}
  for _, item in ipairs(call.items) do
    local attempt = item.taskId and attempts.current(item.taskId)
    local agent_id = item.kind == 'session' and item.agentId or attempt and attempt.agent
    local agent = agent_id and work.get('agent', agent_id)
    if agent then hosts[#hosts + 1] = agent.host end
  end
  exclusivity.require_reviewable(hosts)
  local ended, stopped = {}, {}
  for _, item in ipairs(call.items) do
    local member = member_of(item)
    if member and item.deadline <= work.now and alarms.at(member) == item.deadline then
      if item.kind == 'host' then exclusivity.vacate(item.hostId, item.taskId, item.attempt)
      elseif item.kind == 'mark' then marks.remove(item.agentId)
      elseif item.kind == 'deadline' then exceed_deadline(stopped, item.jobId)
      elseif item.kind == 'avoid' then avoidance.expire(item.taskId)
      elseif item.kind == 'session' then end_session(ended, item, member)
      else take_away(ended, item.taskId, CODES[item.kind]) end
    end
  end
  return { cjson.encode(ended), cjson.encode(stopped) }
end
