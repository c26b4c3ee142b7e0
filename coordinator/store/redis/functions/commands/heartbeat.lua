-- heartbeat: renews the leases an agent names and stores its momentary state.
--   call   {agentId, sessionId, status, renewals = {{taskId, attempt, token}}}
--   texts  status document, states of its devices
--   answer verdicts as '1' (continue) and '0' (abandon) per renewal
--   codes  stale_session, unjudged

local function is_live(agent, lease)
  for _, held in ipairs(agent.leases) do
    if held.task == lease.taskId and held.attempt == lease.attempt then return held.token == lease.token end
  end
  return false
end

function commands.heartbeat(call, texts)
  local id = call.agentId
  local agent = agents.current(id, call.sessionId)
  local changed = agent.status ~= call.status
  if changed then exclusivity.require_reviewable({ agent.host }) end
  local before = agents.seen(agent)
  agent.status = call.status
  agent.seen = work.now
  work.touch('agent', id)
  work.field('agent', id, 'status', texts[1])
  work.field('agent', id, 'states', texts[2])
  agents.announce(id, agent, before)
  agents.watch_silence(id, agent)
  exclusivity.disown(agent.host, id, function(task_id, attempt)
    for _, lease in ipairs(call.renewals) do
      if lease.taskId == task_id and lease.attempt == attempt then return true end
    end
    return false
  end)
  if changed then exclusivity.review(agent.host) end
  local verdicts = {}
  for index, lease in ipairs(call.renewals) do
    local live = is_live(agent, lease)
    if live then attempts.renew(lease.taskId, lease.attempt) end
    verdicts[index] = live and '1' or '0'
  end
  return { table.concat(verdicts) }
end
