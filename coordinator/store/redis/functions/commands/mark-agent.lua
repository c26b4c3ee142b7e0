-- mark_agent: marks an agent, in place of an earlier mark, or removes its mark and closes its circuit breaker.
--   call   {agentId, by, mark? = {kind, reason, fix, till?}}
--   codes  not_found, unjudged

function commands.mark_agent(call)
  if not work.get('agent', call.agentId) then refuse('not_found', { kind = 'agent', id = call.agentId }) end
  marks.require_countable(call.agentId)
  if call.mark then
    local mark = call.mark
    mark.by = call.by
    mark.since = work.now
    marks.put(call.agentId, mark)
    return {}
  end
  marks.remove(call.agentId)
  marks.close_breaker(call.agentId)
  return {}
end
