-- Why tasks are stopped before they have ended: somebody cancelled their job, or its time is over. A stop is {by, deadline_ms?}.

-- Of a task that was stopped while an attempt was alive, or nil.
function stops.of(task)
  return task.cancelled_by and { by = task.cancelled_by, deadline_ms = task.stop_deadline_ms } or nil
end

-- Into the task's record; `stop` nil takes it back.
function stops.put(task_id, task, stop)
  task.cancelled_by = stop and stop.by
  task.stop_deadline_ms = stop and stop.deadline_ms
  work.touch('task', task_id)
end

-- State and error with which a stopped task ends.
function stops.ending(stop)
  if stop.deadline_ms then return 'exception', tasks.report('deadline-exceeded', { deadlineMs = stop.deadline_ms }) end
  return 'cancelled', tasks.report('cancelled', { by = stop.by })
end

function stops.finish(task_id, stop)
  local state, report = stops.ending(stop)
  tasks.move(task_id, state, { error = report })
end

-- From this job's view the task has ended as it was stopped, whatever becomes of it.
function stops.leave(job_id, task_id, task, stop)
  local state, report = stops.ending(stop)
  jobs.detach(job_id, task_id, task, { state = state, ended = work.now, error = report })
  jobs.count({ job_id }, task.state, state)
end

-- Other jobs still want it: only this one's reference goes, and with it its claim on the priority.
local function leave_shared(job_id, task_id, task, stop)
  stops.leave(job_id, task_id, task, stop)
  local others, highest = {}, nil
  for _, other in ipairs(task.jobs) do
    if other ~= job_id then
      others[#others + 1] = other
      local priority = work.must('job', other).priority
      highest = highest and new_tasks.higher_priority(highest, priority) or priority
    end
  end
  task.jobs = others
  work.touch('task', task_id)
  tasks.change_priority(task_id, task, highest)
end

local function stop_task(job_id, task_id, stop)
  local task = work.must('task', task_id)
  local job = work.must('job', job_id)
  if ENDS[task.state] or (job.left and job.left[task_id]) then return end
  local shared = false
  for _, other in ipairs(task.jobs) do shared = shared or other ~= job_id end
  local attempt = attempts.current(task_id)
  if shared then leave_shared(job_id, task_id, task, stop)
  elseif not attempt then stops.finish(task_id, stop)
  else
    attempt.told = stop.by
    stops.put(task_id, task, stop)
  end
end

-- Tasks that wait go first, so that none ends as failed because its need was stopped a moment earlier.
local function stop_all(job_id, ids, stop)
  local waiting, others = {}, {}
  for _, id in ipairs(ids) do
    local list = work.must('task', id).state == 'waiting' and waiting or others
    list[#list + 1] = id
  end
  for _, id in ipairs(waiting) do stop_task(job_id, id, stop) end
  for _, id in ipairs(others) do stop_task(job_id, id, stop) end
end

-- Ends what of a job has not ended, and asks for attempts that live to be stopped. Once: later stops change nothing.
function stops.job(job_id, job, stop)
  if not jobs.is_open(job) then return end
  job.cancelled_by = stop.by
  jobs.review_deadline(job_id, job)
  if job.follows then
    job.follows = nil
    redis.call('ZREM', work.prefix .. 'following', job_id)
    add(work.jobs, job_id)
  end
  work.touch('job', job_id)
  stop_all(job_id, jobs.task_ids(job_id), stop)
end

-- {agent, task, attempt} of a job's attempts that were asked to stop and live, appended to a list.
function stops.add_told(told, job_id, job)
  for _, id in ipairs(jobs.task_ids(job_id)) do
    local attempt = not ENDS[jobs.state_seen(job, id)] and attempts.current(id)
    if attempt and attempt.told then told[#told + 1] = { attempt.agent, id, attempt.n } end
  end
end
