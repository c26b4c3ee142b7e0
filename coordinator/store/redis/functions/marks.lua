-- Marks of agents that get no work, and the circuit breaker that sets one by itself: the rules of domain/agent-mark.ts.

-- Refuses unless the review that a mark brings about will know every match it asks for: called before the first write.
function marks.require_countable(agent_id)
  local agent = work.get('agent', agent_id)
  if agent then exclusivity.require_reviewable({ agent.host }) end
end

-- From now on the agent gets no work.
function marks.put(agent_id, mark)
  local agent = work.must('agent', agent_id)
  local before = agents.seen(agent)
  agent.mark = mark
  work.touch('agent', agent_id)
  agents.announce(agent_id, agent, before)
  if mark.till then alarms.set(alarms.of_mark(agent_id), mark.till) else alarms.clear(alarms.of_mark(agent_id)) end
  exclusivity.review(agent.host)
end

-- The agent may work again; whoever dispatches to it hears of it.
function marks.remove(agent_id)
  local agent = work.get('agent', agent_id)
  if not agent or not agent.mark then return end
  local before = agents.seen(agent)
  agent.mark = nil
  work.touch('agent', agent_id)
  agents.announce(agent_id, agent, before)
  alarms.clear(alarms.of_mark(agent_id))
  add(work.freed, agent.host)
end

-- An accepted attempt of this agent ended as an exception.
function marks.count_failure(agent_id, report)
  local agent = work.get('agent', agent_id)
  if not agent then return end
  local failures, trips = agent.failures or 0, agent.trips or 0
  if failures + 1 < BREAKER_FAILURES then
    agent.failures = failures + 1
    work.touch('agent', agent_id)
    return
  end
  if agent.mark then return end
  agent.failures = BREAKER_FAILURES - 1
  agent.trips = trips + 1
  local quarantine = math.min(FIRST_QUARANTINE_MS * 2 ^ math.min(trips, 16), LONGEST_QUARANTINE_MS)
  local reason = 'its last ' .. exact(failures + 1) .. ' attempts ended as exceptions, the latest as ' .. report.code
  marks.put(agent_id, { kind = 'quarantined', by = 'grove', reason = reason, report = report, since = work.now, till = work.now + quarantine })
end

-- An attempt of this agent ended well, or a person has recovered it.
function marks.close_breaker(agent_id)
  local agent = work.get('agent', agent_id)
  if not agent or not (agent.failures or agent.trips) then return end
  agent.failures = nil
  agent.trips = nil
  work.touch('agent', agent_id)
end
