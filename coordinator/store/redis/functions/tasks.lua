-- The life of a task: the one way its state changes, and what follows from a change.

local function is_unsupported(report)
  return report ~= nil and UNSUPPORTED[report.code] == true
end
tasks.is_unsupported = is_unsupported

-- An error that the store itself reports: TypeScript writes its words.
function tasks.report(code, params)
  return { code = code, params = params or {} }
end

function tasks.is_end(state)
  return ENDS[state] == true
end

-- Tells that a task is in the state it is in.
function tasks.announce(id, task)
  local last = task.attempts[#task.attempts]
  local code = task.error and task.error.code or false
  work.drafts[#work.drafts + 1] = { 't', id, task.jobs, task.state, last and last.n or task.base, code }
end

local function enter_pending(id, task)
  local returning = task.seq ~= nil
  task.enqueued = task.enqueued or work.now
  task.seq = task.seq or work.counter('enqueue')
  queues.enqueue(id, task, returning)
  add(work.ready, task.digest)
end

local function leave_pending(id, task, served)
  queues.dequeue(id, task, served)
  queues.close_if_empty(task.digest)
  if task.avoid then avoidance.finish(id, task) end
  if task.reserved then exclusivity.release_reservation(task.reserved) end
end

local function tell_waiters(need_id, need)
  if not need.awaited then return end
  need.awaited = nil
  local key = work.key('waiters', need_id)
  local waiting = redis.call('ZRANGE', key, 0, -1)
  redis.call('DEL', key)
  for _, id in ipairs(waiting) do tasks.settle_waiting(id) end
end

-- `patch.error`: a report, or false for none; `patch.result`: JSON.
function tasks.move(id, to, patch)
  local task = work.must('task', id)
  local from = task.state
  if not TRANSITIONS[from][to] then refuse('illegal_transition', { taskId = id, from = from, to = to }) end
  if from == 'pending' then leave_pending(id, task, to == 'leased') end
  task.state = to
  task.ended = ENDS[to] and work.now or nil
  if patch and patch.error ~= nil then task.error = patch.error or nil end
  if patch and patch.result then
    task.has_result = true
    work.field('task', id, 'result', patch.result)
  end
  work.touch('task', id)
  jobs.count(task.jobs, from, to)
  if to == 'pending' then enter_pending(id, task) end
  tasks.announce(id, task)
  if ENDS[to] then tell_waiters(id, task) end
end

-- Moves a task to another lane when its waiters' highest priority has changed.
function tasks.change_priority(id, task, priority)
  if task.priority == priority then return end
  work.touch('task', id)
  if task.state ~= 'pending' then
    task.priority = priority
    return
  end
  queues.dequeue(id, task, false)
  task.priority = priority
  queues.enqueue(id, task, false)
end

-- Registers a waiting task with the needs that have not ended.
function tasks.await_needs(id, task)
  for _, need_id in ipairs(task.needs) do
    local need = work.must('task', need_id)
    if not ENDS[need.state] then
      local key = work.key('waiters', need_id)
      redis.call('ZADD', key, 'NX', redis.call('ZCARD', key), id)
      need.awaited = true
      work.touch('task', need_id)
    end
  end
end

local function inherited_error(need_id, need)
  if is_unsupported(need.error) then return need.error end
  return tasks.report('source-failed', { taskId = need_id, ended = need.state })
end

-- Moves a waiting task on if its needs decide it: all completed, or one ended badly. A benchmark that needs only a resolve stays waiting: it learns its
-- conversion from a later link.
function tasks.settle_waiting(id)
  local task = work.must('task', id)
  if task.state ~= 'waiting' then return end
  local all_completed, has_conversion = true, false
  for _, need_id in ipairs(task.needs) do
    local need = work.must('task', need_id)
    if ENDS[need.state] and need.state ~= 'completed' then
      tasks.move(id, 'failed', { error = inherited_error(need_id, need) })
      return
    end
    all_completed = all_completed and need.state == 'completed'
    has_conversion = has_conversion or need.kind == 'convert'
  end
  local runnable = task.kind ~= 'benchmark' or #task.needs == 0 or has_conversion
  if all_completed and runnable then tasks.move(id, 'pending') end
end
