-- Counts, states and views of jobs.

function jobs.no_tasks()
  return { 0, 0, 0, 0, 0, 0, 0, 0 }
end

-- `running` until nothing is left to end, then the worst ending.
local function state_of(counts)
  if counts[1] + counts[2] + counts[3] + counts[4] > 0 then return 'running' end
  if counts[8] > 0 then return 'cancelled' end
  if counts[7] > 0 then return 'exception' end
  if counts[6] > 0 then return 'failed' end
  return 'completed'
end

-- Whether there is something left that a cancel or the deadline would stop.
function jobs.is_open(job)
  return not job.cancelled_by and (not job.ended or job.follows ~= nil)
end

-- The alarm of a deadline lasts while the job is open.
function jobs.review_deadline(id, job)
  if not job.deadline_ms then return end
  if jobs.is_open(job) then alarms.set(alarms.of_deadline(id), job.submitted + job.deadline_ms) else alarms.clear(alarms.of_deadline(id)) end
end

function jobs.settle(id, job)
  job.state = state_of(job.counts)
  local ended = job.state ~= 'running' and (job.ended or work.now) or nil
  if ended ~= job.ended then
    if ended then
      redis.call('ZADD', work.prefix .. 'ended', exact(ended), id)
      redis.call('ZREM', work.prefix .. 'running', id)
    else
      redis.call('ZREM', work.prefix .. 'ended', id)
      redis.call('ZADD', work.prefix .. 'running', redis.call('ZSCORE', work.prefix .. 'jobs', id), id)
    end
  end
  local changed = ended ~= job.ended
  job.ended = ended
  if changed then jobs.review_deadline(id, job) end
  work.touch('job', id)
end

-- A task of these jobs has changed its state, or appeared (`from` nil).
function jobs.count(ids, from, to)
  for _, id in ipairs(ids) do
    local job = work.must('job', id)
    if from then job.counts[STATE_INDEX[from]] = job.counts[STATE_INDEX[from]] - 1 end
    job.counts[STATE_INDEX[to]] = job.counts[STATE_INDEX[to]] + 1
    jobs.settle(id, job)
    add(work.jobs, id)
  end
end

-- The job stops following a shared task and keeps this last view of it. `change` holds what differs from the task as it is.
function jobs.detach(id, task_id, task, change)
  local view = {}
  for name, value in pairs(task) do view[name] = value end
  for name, value in pairs(change) do view[name] = value end
  view.jobs = { id }
  view.avoid = nil
  local cold = redis.call('HMGET', work.key('task', task_id), 'spec', 'req', 'result')
  local packed = cmsgpack.pack({ cmsgpack.pack(view), cold[1], cold[2], cold[3] or '' })
  redis.call('HSET', work.key('left', id), task_id, packed)
  local job = work.must('job', id)
  job.left = job.left or {}
  job.left[task_id] = view.state
  work.touch('job', id)
end

-- The state of a task as this job sees it.
function jobs.state_seen(job, task_id)
  local left = job.left and job.left[task_id]
  return left or work.must('task', task_id).state
end

function jobs.task_ids(id)
  return redis.call('ZRANGE', work.key('listed', id), 0, -1)
end
