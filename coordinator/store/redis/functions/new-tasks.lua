-- Tasks that a submit or addTasks brings. A description is a table {id, kind, digest, exclusive, unit, needs, max, endedAs, spec, req}.

local function exists(task_id)
  return work.get('task', task_id) ~= nil
end

local function is_known(need, fresh)
  return fresh[need] ~= nil or exists(need)
end

function new_tasks.check_needs(task_id, needs, fresh)
  for _, need in ipairs(needs) do
    if need == task_id or not is_known(need, fresh) then
      refuse('invalid_request', { problem = 'task ' .. task_id .. ' needs ' .. need .. ', which does not exist or is itself' })
    end
  end
end

-- Refuses needs nobody knows. Whether they wait for each other has been looked at before the call: `circle` names a task that waits for itself.
function new_tasks.check(list, circle)
  local fresh = {}
  for _, task in ipairs(list) do fresh[task.id] = task end
  for _, task in ipairs(list) do new_tasks.check_needs(task.id, task.needs, fresh) end
  if circle then refuse('invalid_request', { problem = 'task ' .. circle .. ' waits for itself' }) end
  return fresh
end

function new_tasks.higher_priority(a, b)
  return PRIORITY_CLASS[a] <= PRIORITY_CLASS[b] and a or b
end

-- A stopped conversion whose attempt still lives gets a new waiter: those who stopped it see it end so, and it goes on.
local function revive(task_id, task)
  for _, job_id in ipairs(task.jobs) do stops.leave(job_id, task_id, task, stops.of(task)) end
  stops.put(task_id, task, nil)
  task.jobs = {}
end

-- A bad ending is not handed to later jobs, except an attempt's finding that the engine cannot do it.
local function must_run_afresh(task)
  if not ENDS[task.state] or task.state == 'completed' then return false end
  return not (tasks.is_unsupported(task.error) and #task.attempts > 0)
end

-- Makes the job follow a task that exists already. False when it does not, or has to run afresh.
local function refer_to(job_id, job, task_id)
  local task = work.get('task', task_id)
  if not task or must_run_afresh(task) then return false end
  if ENDS[task.state] then
    jobs.count({ job_id }, nil, task.state)
    return true
  end
  if task.cancelled_by then revive(task_id, task) end
  local priority = #task.jobs == 0 and job.priority or new_tasks.higher_priority(job.priority, task.priority)
  task.jobs[#task.jobs + 1] = job_id
  work.touch('task', task_id)
  tasks.change_priority(task_id, task, priority)
  jobs.count({ job_id }, nil, task.state)
  return true
end

local function create(job_id, job, new)
  local earlier = work.get('task', new.id)
  for _, former in ipairs(earlier and earlier.jobs or {}) do jobs.detach(former, new.id, earlier, {}) end
  work.put('task', new.id, {
    state = 'waiting',
    kind = new.kind,
    priority = job.priority,
    submitter = job.submitter,
    digest = new.digest,
    exclusive = new.exclusive,
    unit = new.unit,
    needs = new.needs,
    max = new.max,
    jobs = { job_id },
    created = work.now,
    base = earlier and earlier.base + #earlier.attempts or 0,
    attempts = {},
  })
  -- At once, not with the rest at the end: a queue that opens reads the requirement.
  redis.call('HSET', work.key('task', new.id), 'spec', new.spec, 'req', new.req)
  if earlier then redis.call('HDEL', work.key('task', new.id), 'result') end
  if new.kind == 'benchmark' then
    redis.call('ZADD', work.prefix .. 'benchmarks', 'NX', redis.call('ZCARD', work.prefix .. 'benchmarks'), new.id)
  end
  jobs.count({ job_id }, nil, 'waiting')
end

local function start(new)
  local task = work.must('task', new.id)
  -- A need handled before this one may have decided it already.
  if task.state ~= 'waiting' then return end
  if new.endedAs then tasks.move(new.id, new.endedAs.state, { error = new.endedAs.error })
  else tasks.settle_waiting(new.id) end
  if task.state == 'waiting' then tasks.announce(new.id, task) end
end

-- Lists the tasks that the job has not yet, each once, and gives them back.
local function list_tasks(job_id, job, all)
  local key = work.key('listed', job_id)
  local fresh = {}
  for _, task in ipairs(all) do
    if redis.call('ZADD', key, 'NX', job.listed, task.id) == 1 then
      job.listed = job.listed + 1
      fresh[#fresh + 1] = task
    end
  end
  work.touch('job', job_id)
  return fresh
end

-- Adds tasks to a job: new ones, references to known ones, and new generations of those that ended badly. All checks have passed.
function new_tasks.add(job_id, job, all)
  local created = {}
  for _, new in ipairs(list_tasks(job_id, job, all)) do
    if not refer_to(job_id, job, new.id) then created[#created + 1] = new end
  end
  for _, new in ipairs(created) do create(job_id, job, new) end
  for _, new in ipairs(created) do tasks.await_needs(new.id, work.must('task', new.id)) end
  for _, new in ipairs(created) do start(new) end
end
