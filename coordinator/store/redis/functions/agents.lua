-- Agents and their sessions.

-- The agent of a current session; refuses when another has replaced it or it has ended.
function agents.current(agent_id, session)
  local agent = work.get('agent', agent_id)
  if not agent or agent.session ~= session or agent.connection == 'offline' then
    refuse('stale_session', { agentId = agent_id, sessionId = session })
  end
  return agent
end

-- Tells of an agent whose connection, status or session is another than before.
function agents.announce(agent_id, agent, before)
  local same = before and before.connection == agent.connection and before.status == agent.status and before.session == agent.session
  if not same then work.drafts[#work.drafts + 1] = { 'a', agent_id, agent.connection, agent.status } end
end

function agents.watch_silence(agent_id, agent)
  if not agent.closed then alarms.set(alarms.of_session(agent_id, agent.session), work.now + SILENCE_MS) end
end
