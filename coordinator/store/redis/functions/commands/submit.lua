-- submit: records a job and its tasks once per idempotency key of a principal.
--   call   {jobId, key, idempotencyKey, requestDigest, submitter, priority, follows?, deadlineMs?, tasks, circle?}
--   texts  job spec, principal, then spec and requirement of each task
--   answer job id, '1' when it was created and '0' when the key had been used for the same request
--   codes  idempotency_conflict, invalid_request
-- What `call.tasks` and the texts say of each task, in one table.
function new_tasks.read(call, texts, from)
  local list = {}
  for index, task in ipairs(call.tasks) do
    task.spec = texts[from + index * 2 - 2]
    task.req = texts[from + index * 2 - 1]
    list[index] = task
  end
  return list
end

function commands.submit(call, texts)
  local earlier = redis.call('HGET', work.prefix .. 'submits', call.key)
  if earlier then
    local digest, job_id = earlier:match('^([^\n]*)\n(.*)$')
    if digest ~= call.requestDigest then refuse('idempotency_conflict', { key = call.idempotencyKey }) end
    return { job_id, '0' }
  end
  if work.get('job', call.jobId) then refuse('idempotency_conflict', { key = call.jobId }) end
  local list = new_tasks.read(call, texts, 3)
  new_tasks.check(list, call.circle)
  redis.call('HSET', work.prefix .. 'submits', call.key, call.requestDigest .. '\n' .. call.jobId)
  local ordinal = work.counter('job')
  redis.call('ZADD', work.prefix .. 'jobs', ordinal, call.jobId)
  redis.call('ZADD', work.prefix .. 'running', ordinal, call.jobId)
  redis.call('ZREMRANGEBYSCORE', work.prefix .. 'following', '-inf', exact(work.now))
  if call.follows then redis.call('ZADD', work.prefix .. 'following', exact(call.follows), call.jobId) end
  local job = work.put('job', call.jobId, {
    state = 'running',
    counts = jobs.no_tasks(),
    submitted = work.now,
    priority = call.priority,
    submitter = call.submitter,
    listed = 0,
    follows = call.follows,
    deadline_ms = call.deadlineMs,
  })
  work.field('job', call.jobId, 'spec', texts[1])
  work.field('job', call.jobId, 'principal', texts[2])
  add(work.jobs, call.jobId)
  new_tasks.add(call.jobId, job, list)
  -- A job without tasks has ended; with tasks their counts have settled it.
  jobs.settle(call.jobId, job)
  jobs.review_deadline(call.jobId, job)
  return { call.jobId, '1' }
end
