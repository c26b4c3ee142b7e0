-- Retrying elsewhere: a pending task leaves the host of its last attempt to others for a while. The host's record names the tasks that avoid it, so that
-- an acquire knows without reading them.

-- After an accepted attempt that ended as an exception, unless nobody else could take the task.
function avoidance.begin(task_id, task)
  local last = task.attempts[#task.attempts]
  if task.unit or not last.accepted or last.state ~= 'exception' then return end
  if tonumber(redis.call('HGET', work.prefix .. 'counters', 'host') or '0') < 2 then return end
  local till = work.now + AVOID_MS
  local host = work.must('host', last.host)
  host.avoided = host.avoided or {}
  host.avoided[task_id] = till
  work.touch('host', last.host)
  task.avoid = { host = last.host, till = till }
  work.touch('task', task_id)
  alarms.set(alarms.of_avoidance(task_id), till)
end

-- It has left its queue, or the time is over. Gives the host back that it avoided.
function avoidance.finish(task_id, task)
  local host_id = task.avoid.host
  local host = work.must('host', host_id)
  host.avoided[task_id] = nil
  if next(host.avoided) == nil then host.avoided = nil end
  work.touch('host', host_id)
  task.avoid = nil
  work.touch('task', task_id)
  alarms.clear(alarms.of_avoidance(task_id))
  return host_id, host
end

-- The time is over: the host's agents may take the task too.
function avoidance.expire(task_id)
  local host_id, host = avoidance.finish(task_id, work.must('task', task_id))
  if exclusivity.room(host) ~= 'full' then add(work.freed, host_id) end
end

-- Whether a task may not be taken by this host now.
function avoidance.holds(host, task_id)
  local till = host.avoided and host.avoided[task_id]
  return till ~= nil and till > work.now
end
