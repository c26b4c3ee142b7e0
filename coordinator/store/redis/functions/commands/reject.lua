-- reject: leased -> pending, the agent would not take it. A repeat changes nothing.
--   call   {agentId, lease, outcome (digest of the report), error = {code, retryable, json}}
--   codes  stale_token, illegal_transition

function commands.reject(call)
  local attempt, task = attempts.of(call.agentId, call.lease)
  local task_id = call.lease.taskId
  if attempt.state then
    if attempt.outcome ~= call.outcome then attempts.stale_token(call.lease) end
    return {}
  end
  if attempt.accepted then refuse('illegal_transition', { taskId = task_id, from = 'running', to = 'pending' }) end
  attempts.finish(task_id, task, { state = 'exception', error = call.error, outcome = call.outcome })
  attempts.retry_or_end(task_id, task, call.error)
  return {}
end
