-- Everything that has a deadline, in one sorted set. A member is the JSON of the due item without its deadline, which is the score.

local function quoted(text)
  return cjson.encode(text)
end

function alarms.of_attempt(kind, task_id, attempt)
  return '{"kind":"' .. kind .. '","taskId":' .. quoted(task_id) .. ',"attempt":' .. exact(attempt) .. '}'
end

function alarms.of_session(agent_id, session)
  return '{"kind":"session","agentId":' .. quoted(agent_id) .. ',"sessionId":' .. exact(session) .. '}'
end

function alarms.of_avoidance(task_id)
  return '{"kind":"avoid","taskId":' .. quoted(task_id) .. '}'
end

function alarms.of_deadline(job_id)
  return '{"kind":"deadline","jobId":' .. quoted(job_id) .. '}'
end

function alarms.of_mark(agent_id)
  return '{"kind":"mark","agentId":' .. quoted(agent_id) .. '}'
end

function alarms.of_host(host_id, task_id, attempt)
  return '{"kind":"host","hostId":' .. quoted(host_id) .. ',"taskId":' .. quoted(task_id) .. ',"attempt":' .. exact(attempt) .. '}'
end

function alarms.set(member, at)
  redis.call('ZADD', work.prefix .. 'alarms', exact(at), member)
end

function alarms.clear(...)
  redis.call('ZREM', work.prefix .. 'alarms', ...)
end

-- The deadline in force, or nil.
function alarms.at(member)
  local score = redis.call('ZSCORE', work.prefix .. 'alarms', member)
  return score and tonumber(score) or nil
end
