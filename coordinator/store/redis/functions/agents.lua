-- Agents and their sessions.

-- The agent of a current session; refuses when another has replaced it or it has ended.
function agents.current(agent_id, session)
  local agent = work.get('agent', agent_id)
  if not agent or agent.session ~= session or agent.connection == 'offline' then
    refuse('stale_session', { agentId = agent_id, sessionId = session })
  end
  return agent
end

local function mark_kind(agent)
  return agent.mark and agent.mark.kind or false
end

-- What `announce` compares with, taken before the agent is changed.
function agents.seen(agent)
  return { connection = agent.connection, status = agent.status, session = agent.session, mark = agent.mark }
end

-- Tells of an agent whose connection, status, session or kind of mark is another than before.
function agents.announce(agent_id, agent, before)
  local same = before and before.connection == agent.connection and before.status == agent.status and before.session == agent.session
    and mark_kind(before) == mark_kind(agent)
  if not same then work.drafts[#work.drafts + 1] = { 'a', agent_id, agent.connection, agent.status, mark_kind(agent) } end
end

-- Whether it may be given a task.
function agents.takes_work(agent)
  return agent.connection == 'connected' and agent.status == 'ready' and not agent.mark
end

-- The session ends by silence or by its stream's grace, whichever comes first.
function agents.watch_silence(agent_id, agent)
  local till = agent.seen + SILENCE_MS
  if agent.closed then till = math.min(till, agent.closed + STREAM_GRACE_MS) end
  alarms.set(alarms.of_session(agent_id, agent.session), till)
end
