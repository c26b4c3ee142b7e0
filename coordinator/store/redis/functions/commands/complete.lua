-- complete: records an outcome once; also from `leased`, because an acceptance may be lost.
--   call   {agentId, lease, state, outcome (digest), kind? (of the result), error? = {code, retryable, json}}
--   texts  result document when it is completed
--   answer state of the task afterwards, '1' when it was recorded now and '0' for a repeat
--   codes  stale_token, malformed_message, unjudged

local function settle(task_id, task, attempt, call, texts)
  local stop = stops.of(task)
  if stop then stops.finish(task_id, stop)
  elseif call.state == 'completed' then tasks.move(task_id, 'completed', { result = texts[1], error = false })
  elseif call.state == 'failed' then tasks.move(task_id, 'failed', { error = call.error })
  elseif call.state == 'exception' then attempts.retry_or_end(task_id, task, call.error)
  -- Its canceller is gone: a new job wants the conversion after all.
  elseif attempt.told then tasks.move(task_id, 'pending')
  else attempts.retry_or_end(task_id, task, tasks.report('agent-shutdown', { agentId = attempt.agent })) end
end

function commands.complete(call, texts)
  local attempt, task = attempts.of(call.agentId, call.lease)
  local task_id = call.lease.taskId
  if attempt.state then
    if attempt.outcome ~= call.outcome then attempts.stale_token(call.lease) end
    return { task.state, '0' }
  end
  if call.kind and call.kind ~= task.kind then
    local problem = 'a ' .. task.kind .. ' task cannot have a ' .. call.kind .. ' result'
    refuse('malformed_message', { message = 'complete', problem = problem })
  end
  if call.state == 'exception' then marks.require_countable(call.agentId) end
  attempts.finish(task_id, task, { state = call.state, error = call.error, outcome = call.outcome, accepted = true })
  -- A cancelled attempt says nothing about its agent.
  if call.state == 'exception' then marks.count_failure(call.agentId, call.error)
  elseif call.state ~= 'cancelled' then marks.close_breaker(call.agentId) end
  settle(task_id, task, attempt, call, texts)
  return { task.state, '1' }
end
