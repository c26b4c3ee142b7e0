-- mark_agent: marks an agent, in place of an earlier mark, or removes its mark and closes its circuit breaker.
--   call   {agentId, by, mark? = {kind, reason, fix, till?}, yields}: one that yields leaves a mark without an end as it is
--   codes  not_found, unjudged

function commands.mark_agent(call)
  local agent = work.get('agent', call.agentId)
  if not agent then refuse('not_found', { kind = 'agent', id = call.agentId }) end
  if call.yields and agent.mark and not agent.mark.till then return {} end
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
