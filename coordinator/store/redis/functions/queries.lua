-- What can be asked. Queries change nothing, return only strings, and read cold fields as the documents that TypeScript wrote.

-- Fields of one task: hot record, spec, requirement, result or '', end of its lease or ''.
local function task_fields(id)
  local hot = redis.call('GET', work.hot_key('task', id))
  if not hot then return nil end
  local fields = redis.call('HMGET', work.key('task', id), 'spec', 'req', 'result')
  local task = cmsgpack.unpack(hot)
  local last = task.attempts[#task.attempts]
  local till = last and not last.state and alarms.at(alarms.of_attempt('lease', id, last.n))
  return { id, hot, fields[1], fields[2], fields[3] or '', till and exact(till) or '' }
end

-- call {ids}: one list of fields per task, [] for one that does not exist
function queries.tasks(call)
  local found = {}
  for index, id in ipairs(call.ids) do found[index] = task_fields(id) or {} end
  return found
end

local function view_of(job_id, id)
  local left = redis.call('HGET', work.key('left', job_id), id)
  if not left then return task_fields(id) end
  local fields = cmsgpack.unpack(left)
  return { id, fields[1], fields[2], fields[3], fields[4], '' }
end

-- call {jobId, from, to}: tasks as the job sees them, by their place in the job
function queries.tasks_of(call)
  local found = {}
  for index, id in ipairs(redis.call('ZRANGE', work.key('listed', call.jobId), call.from, call.to)) do found[index] = view_of(call.jobId, id) end
  return found
end

-- Places of a job that one call looks at.
local MAX_LOOKED_AT = 1000

-- call {jobId, states, place, skip, limit}: tasks of a job, from a place on, that are in one of these states for the job. The first `skip` of them are left
-- out. Answers the place to go on from ('' at the end), how many were left out, and the tasks.
function queries.tasks_in(call)
  local wanted, found, skipped = {}, {}, 0
  for _, state in ipairs(call.states) do wanted[state] = true end
  local job = work.get('job', call.jobId)
  local ids = job and redis.call('ZRANGE', work.key('listed', call.jobId), call.place, call.place + MAX_LOOKED_AT - 1) or {}
  for index, id in ipairs(ids) do
    if wanted[jobs.state_seen(job, id)] then
      if skipped < call.skip then skipped = skipped + 1
      else found[#found + 1] = view_of(call.jobId, id) end
      if #found == call.limit then return { exact(call.place + index), exact(skipped), found } end
    end
  end
  return { #ids < MAX_LOOKED_AT and '' or exact(call.place + #ids), exact(skipped), found }
end

-- call {from, to}: benchmark tasks by the order in which they came
function queries.benchmarks(call)
  local found = {}
  for _, id in ipairs(redis.call('ZRANGE', work.prefix .. 'benchmarks', call.from, call.to)) do found[#found + 1] = task_fields(id) end
  return found
end

local function job_fields(id)
  local hot = redis.call('GET', work.hot_key('job', id))
  if not hot then return {} end
  local fields = redis.call('HMGET', work.key('job', id), 'spec', 'principal')
  return { id, hot, fields[1], fields[2], redis.call('ZRANGE', work.key('listed', id), 0, -1) }
end

-- call {jobId}
function queries.job(call)
  return job_fields(call.jobId)
end

-- Records of one answer end when they have this many bytes: others wait for Redis meanwhile.
local MAX_ANSWER_BYTES = 1048576

-- The records of these ids, or the first of them that fill an answer.
local function records_of(ids, fields_of, bytes_of)
  local found, bytes = {}, 0
  for index, id in ipairs(ids) do
    found[index] = fields_of(id)
    bytes = bytes + bytes_of(found[index])
    if bytes > MAX_ANSWER_BYTES then break end
  end
  return found
end

-- Places of a list that one answer looks at.
local MAX_LISTED = 500

-- Where a list goes on behind `after`, a score and the member that had it. A member that has left stood among those of its score: they are told again.
local function place_after(key, after)
  local score, id = unpack(after)
  if redis.call('ZSCORE', key, id) == score then return redis.call('ZRANK', key, id) + 1 end
  return redis.call('ZCOUNT', key, '-inf', '(' .. score)
end

-- A part of a sorted set's records, from `place` on or behind `after`. Answers where to go on ('', '' at the end), then the records.
local function part_of(key, call, place, fields_of, bytes_of)
  local from = call.after and place_after(key, call.after) or place
  local ids = redis.call('ZRANGE', key, from, from + MAX_LISTED - 1)
  local found = records_of(ids, fields_of, bytes_of)
  if #found == #ids and #ids < MAX_LISTED then return { '', '', found } end
  local last = ids[#found]
  return { redis.call('ZSCORE', key, last), last, found }
end

-- Bytes of a field; none of one that is missing, which must not cost the others their answer.
local function bytes_in(field)
  return field and #field or 0
end

local function job_bytes(job)
  local bytes = bytes_in(job[2]) + bytes_in(job[3])
  for _, task_id in ipairs(job[5] or {}) do bytes = bytes + #task_id end
  return bytes
end

-- call {limit, before?}: newest first. Answers '1' when there are more to ask for, then the jobs.
function queries.jobs(call)
  local key = work.prefix .. 'jobs'
  local below = '+inf'
  if call.before then
    local ordinal = redis.call('ZSCORE', key, call.before)
    if not ordinal then return { '0', {} } end
    below = '(' .. ordinal
  end
  local ids = redis.call('ZRANGE', key, below, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, call.limit)
  local found = records_of(ids, job_fields, job_bytes)
  return { #found < #ids and '1' or '0', found }
end

-- call {ids}: those of them that there are
function queries.known_jobs(call)
  local found = {}
  for _, id in ipairs(call.ids) do
    if redis.call('ZSCORE', work.prefix .. 'jobs', id) then found[#found + 1] = id end
  end
  return found
end

-- call {after?}: jobs that have not ended, oldest first
function queries.running_jobs(call)
  return part_of(work.prefix .. 'running', call, 0, job_fields, job_bytes)
end

-- call {now, after?}: jobs that follow the fleet, by the end of that
function queries.following_jobs(call)
  local key = work.prefix .. 'following'
  return part_of(key, call, redis.call('ZCOUNT', key, '-inf', exact(call.now)), job_fields, job_bytes)
end

local function agent_fields(id)
  local hot = redis.call('GET', work.hot_key('agent', id))
  if not hot then return {} end
  local fields = redis.call('HMGET', work.key('agent', id), 'doc', 'status', 'states')
  return { id, hot, fields[1], fields[2], fields[3] or '{}' }
end

-- call {agentId}
function queries.agent(call)
  return agent_fields(call.agentId)
end

local function agent_bytes(agent)
  return bytes_in(agent[2]) + bytes_in(agent[3]) + bytes_in(agent[4]) + bytes_in(agent[5])
end

-- call {after?}: in the order in which they came
function queries.agents(call)
  return part_of(work.prefix .. 'agents', call, 0, agent_fields, agent_bytes)
end

-- The policy as a document, or ''
function queries.policy()
  return redis.call('HGET', work.prefix .. 'policy', 'doc') or ''
end

-- Keys and numbers of the leases that count against quotas
function queries.lease_counts()
  return redis.call('HGETALL', work.prefix .. 'leases')
end

-- Of a queue: digest, requirement, when its oldest pending task was enqueued, pending tasks of each priority
local function queue_fields(digest)
  local oldest = redis.call('ZRANGE', work.prefix .. 'age:' .. digest, 0, 0)[1]
  local requirement = redis.call('HGET', work.key('queue', digest), 'req')
  local live = work.must('queue', digest).live
  return { digest, requirement, exact(work.must('task', oldest).enqueued), exact(live[1]), exact(live[2]), exact(live[3]) }
end

local function queue_bytes(queue)
  return bytes_in(queue[1]) + bytes_in(queue[2])
end

-- call {after?}: queues with pending tasks
function queries.queues(call)
  return part_of(work.prefix .. 'queues', call, 0, queue_fields, queue_bytes)
end

-- call {taskId}: '' when it is not pending
function queries.position(call)
  local task = work.get('task', call.taskId)
  if not task or task.state ~= 'pending' then return { '' } end
  return { exact(queues.position(call.taskId, task)) }
end

-- call {agents = {{agentId, devices?}}}: what has to be judged before a refused call can be answered. Per device: name, profile, last judged number,
-- newest number, then routes and requirements it has not been judged for: open ones, and those of its own.
function queries.unjudged(call)
  local prefix = work.prefix
  local newest = matching.newest_route()
  local found = {}
  for _, device in ipairs(call.devices) do
    local judged = matching.judged_up_to(device.profile)
    local open, own = {}, {}
    for _, route in ipairs(redis.call('ZRANGE', prefix .. 'routes', '(' .. judged, '+inf', 'BYSCORE')) do
      open[#open + 1] = route
      open[#open + 1] = redis.call('HGET', prefix .. 'requirements', route)
    end
    for _, entry in ipairs(redis.call('SMEMBERS', prefix .. 'unit:' .. device.name)) do
      local route = entry:match('^%a+ (.*)$')
      own[#own + 1] = route
      own[#own + 1] = redis.call('HGET', work.key('queue', route:sub(1, -3)), 'req')
    end
    found[#found + 1] = { device.name, device.profile, exact(judged + 1), exact(newest), open, own }
  end
  return found
end

-- call {before, limit}: ids of jobs that ended before and have not been archived since, oldest first
function queries.ended_jobs(call)
  return redis.call('ZRANGE', work.prefix .. 'ended', '-inf', '(' .. exact(call.before), 'BYSCORE', 'LIMIT', 0, call.limit)
end

local function add_documents(found, kind, id, fields)
  local texts = redis.call('HMGET', work.key(kind, id), unpack(fields))
  for index, field in ipairs(fields) do
    if texts[index] and texts[index]:sub(1, 1) ~= '@' then found[#found + 1] = { kind, id, field, texts[index] } end
  end
end

-- call {jobId, from, to}: documents of an ended job that can be archived: its own (with `from` 0) and those of its ended tasks. Conversions stay: later
-- jobs take their results. Answers how many tasks it has looked at, then the documents.
function queries.documents(call)
  local found = {}
  if call.from == 0 then add_documents(found, 'job', call.jobId, { 'spec' }) end
  local ids = redis.call('ZRANGE', work.key('listed', call.jobId), call.from, call.to)
  for _, id in ipairs(ids) do
    local task = work.get('task', id)
    if task and ENDS[task.state] and task.kind ~= 'convert' then add_documents(found, 'task', id, { 'spec', 'req', 'result' }) end
  end
  return { #ids, found }
end
