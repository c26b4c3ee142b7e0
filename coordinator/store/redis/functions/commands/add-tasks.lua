-- add_tasks: adds tasks to a job and gives waiting ones further needs. A cancelled job takes nothing more.
--   call   {jobId, tasks, circle?, links = {{taskId, needs}}}
--   texts  spec and requirement of each task, then the spec of each link
--   codes  not_found, invalid_request, illegal_transition

local function contains_all(list, wanted)
  local known = {}
  for _, item in ipairs(list) do known[item] = true end
  for _, item in ipairs(wanted) do
    if not known[item] then return false end
  end
  return true
end

-- A link of a task that has gone on is a repeat, when the task knows its needs; anything else is a mistake.
local function check_link(job_id, link, fresh)
  local task = work.get('task', link.taskId)
  if not task or not redis.call('ZSCORE', work.key('listed', job_id), link.taskId) then
    refuse('not_found', { kind = 'task', id = link.taskId })
  end
  if task.state ~= 'waiting' and not ENDS[task.state] and not contains_all(task.needs, link.needs) then
    refuse('illegal_transition', { taskId = link.taskId, from = task.state, to = 'waiting' })
  end
  new_tasks.check_needs(link.taskId, link.needs, fresh)
end

local function apply_link(link, spec)
  local task = work.must('task', link.taskId)
  if task.state ~= 'waiting' or contains_all(task.needs, link.needs) then return end
  for _, need in ipairs(link.needs) do
    if not contains_all(task.needs, { need }) then task.needs[#task.needs + 1] = need end
  end
  work.touch('task', link.taskId)
  work.field('task', link.taskId, 'spec', spec)
  tasks.await_needs(link.taskId, task)
end

function commands.add_tasks(call, texts)
  local job = work.get('job', call.jobId)
  if not job then refuse('not_found', { kind = 'job', id = call.jobId }) end
  local list = new_tasks.read(call, texts, 1)
  local fresh = new_tasks.check(list, call.circle)
  for _, link in ipairs(call.links) do check_link(call.jobId, link, fresh) end
  if job.cancelled_by then return {} end
  new_tasks.add(call.jobId, job, list)
  for index, link in ipairs(call.links) do apply_link(link, texts[#list * 2 + index]) end
  for _, link in ipairs(call.links) do tasks.settle_waiting(link.taskId) end
  return {}
end
