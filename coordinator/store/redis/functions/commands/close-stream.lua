-- close_stream: the agent has its grace to come back. No-op unless this session is current and its stream was open.
--   call   {agentId, sessionId}
--   codes  unjudged

function commands.close_stream(call)
  local agent = work.get('agent', call.agentId)
  if not agent or agent.session ~= call.sessionId or agent.connection ~= 'connected' then return {} end
  local before = agents.seen(agent)
  agent.connection = 'closing'
  agent.closed = work.now
  work.touch('agent', call.agentId)
  exclusivity.require_reviewable({ agent.host })
  agents.announce(call.agentId, agent, before)
  agents.watch_silence(call.agentId, agent)
  exclusivity.review(agent.host)
  return {}
end
