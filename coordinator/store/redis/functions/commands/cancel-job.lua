-- cancel_job: cancels what has not ended. A repeat changes nothing and gives the same answer.
--   call   {jobId, by}
--   answer JSON: ids of cancelled tasks; JSON: {agent, task, attempt} of those whose agents must be told
--   codes  not_found

-- Other jobs still want it: only this one's reference goes, and with it its claim on the priority.
local function leave_shared(job_id, task_id, task, by)
  new_tasks.leave_cancelled(job_id, task_id, task, by)
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

local function cancel_task(job_id, task_id, by)
  local task = work.must('task', task_id)
  local job = work.must('job', job_id)
  if ENDS[task.state] or (job.left and job.left[task_id]) then return end
  local shared = false
  for _, other in ipairs(task.jobs) do shared = shared or other ~= job_id end
  local attempt = attempts.current(task_id)
  if shared then leave_shared(job_id, task_id, task, by)
  elseif not attempt then attempts.end_cancelled(task_id, by)
  else
    attempt.told = by
    task.cancelled_by = by
    work.touch('task', task_id)
  end
end

-- Tasks that wait go first, so that none ends as failed because its need was cancelled a moment earlier.
local function cancel_all(job_id, ids, by)
  local waiting, others = {}, {}
  for _, id in ipairs(ids) do
    local list = work.must('task', id).state == 'waiting' and waiting or others
    list[#list + 1] = id
  end
  for _, id in ipairs(waiting) do cancel_task(job_id, id, by) end
  for _, id in ipairs(others) do cancel_task(job_id, id, by) end
end

function commands.cancel_job(call)
  local job = work.get('job', call.jobId)
  if not job then refuse('not_found', { kind = 'job', id = call.jobId }) end
  local ids = jobs.task_ids(call.jobId)
  if (not job.ended or job.follows) and not job.cancelled_by then
    job.cancelled_by = call.by
    if job.follows then
      job.follows = nil
      redis.call('ZREM', work.prefix .. 'following', call.jobId)
      add(work.jobs, call.jobId)
    end
    work.touch('job', call.jobId)
    cancel_all(call.jobId, ids, call.by)
  end
  local cancelled, running = {}, {}
  for _, id in ipairs(ids) do
    local seen = jobs.state_seen(job, id)
    local attempt = not ENDS[seen] and attempts.current(id)
    if seen == 'cancelled' then cancelled[#cancelled + 1] = id end
    if attempt and attempt.told then running[#running + 1] = { attempt.agent, id, attempt.n } end
  end
  return { cjson.encode(cancelled), cjson.encode(running) }
end
