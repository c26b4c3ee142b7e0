-- accept: leased -> running. A repeat changes nothing.
--   call   {agentId, lease = {taskId, attempt, token}}
--   codes  stale_token

function commands.accept(call)
  local attempt = attempts.of(call.agentId, call.lease)
  if attempt.state then attempts.stale_token(call.lease) end
  if not attempt.accepted then attempts.accept(call.lease.taskId, attempt) end
  return {}
end
