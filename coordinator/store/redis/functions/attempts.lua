-- Attempts, their leases and how they end.

function attempts.stale_token(lease)
  refuse('stale_token', { taskId = lease.taskId, attempt = lease.attempt })
end

-- The attempt that a message is about, alive or ended, and its task. Refuses unless agent, number and token are the ones the store gave out.
function attempts.of(agent_id, lease)
  local task = work.get('task', lease.taskId)
  for _, attempt in ipairs(task and task.attempts or {}) do
    if attempt.n == lease.attempt and attempt.token == lease.token and attempt.agent == agent_id then return attempt, task end
  end
  attempts.stale_token(lease)
end

-- The live attempt of a task, or nil.
function attempts.current(task_id)
  local task = work.get('task', task_id)
  local last = task and task.attempts[#task.attempts]
  if last and not last.state then return last, task end
  return nil
end

-- The live attempt of a lease an agent names; nil when it is not in force.
function attempts.live(agent_id, lease)
  local last, task = attempts.current(lease.taskId)
  if last and last.n == lease.attempt and last.token == lease.token and last.agent == agent_id then return last, task end
  return nil
end

function attempts.renew(task_id, attempt)
  alarms.set(alarms.of_attempt('lease', task_id, attempt), work.now + LEASE_MS)
end

-- leased -> running.
function attempts.accept(task_id, attempt)
  attempt.accepted = work.now
  attempt.accept_by = nil
  alarms.clear(alarms.of_attempt('accept', task_id, attempt.n))
  alarms.set(alarms.of_attempt('timeout', task_id, attempt.n), work.now + ATTEMPT_LIMIT_MS[work.must('task', task_id).kind])
  tasks.move(task_id, 'running')
end

local function remove_lease(attempt, task_id)
  local agent = work.get('agent', attempt.agent)
  if not agent then return end
  for index, lease in ipairs(agent.leases) do
    if lease.task == task_id and lease.attempt == attempt.n then
      table.remove(agent.leases, index)
      work.touch('agent', attempt.agent)
      return
    end
  end
end

-- Ends the live attempt of a task and its lease; what becomes of the task is the caller's next step.
--   ending.state, ending.error (a report or nil), ending.outcome (digest of what the agent reported), ending.accepted (it completed without its
--   acceptance having arrived), ending.out_of_reach (nobody can tell the agent to stop: its host stays taken for the rest of the lease)
function attempts.finish(task_id, task, ending)
  local attempt = task.attempts[#task.attempts]
  local lease = alarms.of_attempt('lease', task_id, attempt.n)
  attempt.till = alarms.at(lease)
  alarms.clear(lease, alarms.of_attempt(attempt.accepted and 'timeout' or 'accept', task_id, attempt.n))
  if ending.accepted then attempt.accepted = attempt.accepted or work.now end
  attempt.accept_by = nil
  attempt.ended = work.now
  attempt.state = ending.state
  attempt.error = ending.error
  attempt.outcome = ending.outcome
  quotas.release(task_id, task)
  remove_lease(attempt, task_id)
  if ending.out_of_reach and attempt.till > work.now then exclusivity.hold(attempt.host, task_id, attempt.n, attempt.till)
  else exclusivity.vacate(attempt.host, task_id, attempt.n) end
end

local function is_retryable(report)
  if report.retryable ~= nil then return report.retryable end
  return RETRYABLE[report.code] == true
end

-- The policy of domain/retry.ts: an accepted attempt spends the budget, one that was never accepted only a number of its own.
local function may_try_again(task, report)
  local accepted, unaccepted = 0, 0
  for _, attempt in ipairs(task.attempts) do
    if not attempt.accepted then unaccepted = unaccepted + 1
    elseif attempt.state ~= 'cancelled' then accepted = accepted + 1 end
  end
  if not task.attempts[#task.attempts].accepted then return unaccepted < MAX_UNACCEPTED_ATTEMPTS end
  return is_retryable(report) and accepted < task.max
end

-- The attempt ended as an exception or was taken away: the task goes back to its queue, unless it was stopped or its retries are spent.
function attempts.retry_or_end(task_id, task, report)
  local stop = stops.of(task)
  if stop then
    stops.finish(task_id, stop)
    return
  end
  local again = may_try_again(task, report)
  tasks.move(task_id, again and 'pending' or 'exception', { error = report })
  if again then avoidance.begin(task_id, task) end
end
