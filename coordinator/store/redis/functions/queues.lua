-- Pending tasks. A queue (one requirement) has a lane per priority; a lane has a line per submitter, and the head of each line in order.
--
--   line:<digest>:<priority>:<submitter>  sorted set of `<place><task>`
--   lane:<digest>:<priority>              sorted set of `<place of the line's head><submitter>\n<task>`
--   finishes:<digest>:<priority>          hash submitter -> virtual finish of its last entry
--   age:<digest>                          sorted set of tasks by enqueue sequence
--
-- A place is virtual finish, sequence and time of enqueueing as three big-endian doubles: all scores are 0 and members sort by their bytes, which for
-- numbers that are not negative is the order (virtual finish, sequence) of store/order.ts, exactly.

local PLACE_BYTES = 24

local function line_key(digest, priority, submitter)
  return work.prefix .. 'line:' .. digest .. ':' .. priority .. ':' .. submitter
end

local function lane_key(digest, priority)
  return work.prefix .. 'lane:' .. digest .. ':' .. priority
end

local function finishes_key(digest, priority)
  return work.prefix .. 'finishes:' .. digest .. ':' .. priority
end

local function place_of(task)
  return struct.pack('>ddd', task.finish, task.seq, task.enqueued)
end

local function head_of(line)
  return redis.call('ZRANGE', line, '0', '0')[1]
end

local function lane_member(submitter, entry)
  return entry:sub(1, PLACE_BYTES) .. submitter .. '\n' .. entry:sub(PLACE_BYTES + 1)
end

-- The queue of a task, made and found by agents when this is its first pending task.
local function open_queue(task_id, task)
  local queue = work.get('queue', task.digest)
  if queue then return queue end
  local requirement = redis.call('HGET', work.key('task', task_id), 'req')
  queue = work.put('queue', task.digest, { exclusive = task.exclusive, unit = task.unit, live = { 0, 0, 0 }, time = { 0, 0, 0 } })
  work.field('queue', task.digest, 'req', requirement)
  redis.call('ZADD', work.prefix .. 'queues', work.counter('queue'), task.digest)
  matching.register(matching.route(task.digest, task.exclusive), task.unit, requirement)
  return queue
end

local function next_finish(queue, task)
  local key = finishes_key(task.digest, task.priority)
  local last = tonumber(redis.call('HGET', key, task.submitter) or '0')
  local finish = math.max(queue.time[PRIORITY_CLASS[task.priority] + 1], last) + TASK_COST / quotas.weight(task.submitter)
  redis.call('HSET', key, task.submitter, exact(finish))
  return finish
end

-- Gives a task its place. One that was pending before has paid for it and goes to the front of its lane.
function queues.enqueue(task_id, task, returning)
  local queue = open_queue(task_id, task)
  local priority, class = task.priority, PRIORITY_CLASS[task.priority] + 1
  task.finish = returning and queue.time[class] or next_finish(queue, task)
  local line = line_key(task.digest, priority, task.submitter)
  local entry = place_of(task) .. task_id
  local former = head_of(line)
  redis.call('ZADD', line, '0', entry)
  local head = former and head_of(line) or entry
  if head ~= former then
    local lane = lane_key(task.digest, priority)
    if former then redis.call('ZREM', lane, lane_member(task.submitter, former)) end
    redis.call('ZADD', lane, '0', lane_member(task.submitter, head))
  end
  redis.call('ZADD', work.prefix .. 'age:' .. task.digest, exact(task.seq), task_id)
  if queue.live[class] == 0 then matching.open(matching.route(task.digest, task.exclusive), task.unit, priority) end
  queue.live[class] = queue.live[class] + 1
  work.touch('queue', task.digest)
end

-- Takes a task out, for a lease (`served`) or because it ended. The lane's clock moves only when it was served.
function queues.dequeue(task_id, task, served)
  local queue = work.must('queue', task.digest)
  local priority, class = task.priority, PRIORITY_CLASS[task.priority] + 1
  local line = line_key(task.digest, priority, task.submitter)
  local entry = place_of(task) .. task_id
  local first = redis.call('ZRANGE', line, '0', '1')
  if redis.call('ZREM', line, entry) == 0 then error('pending task ' .. task_id .. ' is in no queue') end
  if first[1] == entry then
    local lane = lane_key(task.digest, priority)
    redis.call('ZREM', lane, lane_member(task.submitter, entry))
    if first[2] then redis.call('ZADD', lane, '0', lane_member(task.submitter, first[2])) end
  end
  redis.call('ZREM', work.prefix .. 'age:' .. task.digest, task_id)
  if served then queue.time[class] = math.max(queue.time[class], task.finish) end
  queue.live[class] = queue.live[class] - 1
  if queue.live[class] == 0 then
    redis.call('DEL', finishes_key(task.digest, priority))
    matching.close(matching.route(task.digest, task.exclusive), task.unit, priority)
  end
  work.touch('queue', task.digest)
end

function queues.pending(queue)
  return queue.live[1] + queue.live[2] + queue.live[3]
end

-- Forgets a queue that has become empty, with its fair-share clock: an idle queue owes nobody anything.
function queues.close_if_empty(digest)
  if queues.pending(work.must('queue', digest)) > 0 then return end
  work.forget('queue', digest)
  redis.call('ZREM', work.prefix .. 'queues', digest)
end

local HEADS_AT_ONCE = 16

-- Heads of a lane's lines in order, a few at a time: mostly the first one is wanted.
local function each_head(key)
  local from, index, members = 0, 0, redis.call('ZRANGE', key, '0', '0')
  return function()
    index = index + 1
    if members[index] == nil and #members > 0 then
      from = from + #members
      members = redis.call('ZRANGE', key, from, from + HEADS_AT_ONCE - 1)
      index = 1
    end
    return members[index]
  end
end

local function goes_before(a, b)
  if a.finish ~= b.finish then return a.finish < b.finish end
  return a.sequence < b.sequence
end

local function entry_at(member, submitter, task_id, priority)
  local finish, sequence, enqueued = struct.unpack('>ddd', member)
  return { finish = finish, sequence = sequence, enqueued = enqueued, submitter = submitter, task = task_id, priority = priority }
end

-- The first of the first few entries of a line that the host does not have to leave to others.
local function first_in_line(digest, priority, submitter, host)
  for _, member in ipairs(redis.call('ZRANGE', line_key(digest, priority, submitter), 0, LOOKED_AT_PER_LINE - 1)) do
    local task_id = member:sub(PLACE_BYTES + 1)
    if not avoidance.holds(host, task_id) then return entry_at(member, submitter, task_id, priority) end
  end
end

-- The first entry of a lane whose submitter is admitted and that does not avoid the host: its place, its submitter and its task; nil when there is none.
-- Looks at one entry a submitter, at a few of one whose first avoids the host.
function queues.head(digest, priority, host, admits)
  local best
  for found in each_head(lane_key(digest, priority)) do
    local submitter, task_id = found:sub(PLACE_BYTES + 1):match('^([^\n]*)\n(.*)$')
    if admits(submitter) then
      local entry = entry_at(found, submitter, task_id, priority)
      -- Heads come in their order: what follows is later still.
      if best and goes_before(best, entry) then return best end
      if not avoidance.holds(host, task_id) then return entry end
      local later = first_in_line(digest, priority, submitter, host)
      if later and (not best or goes_before(later, best)) then best = later end
    end
  end
  return best
end

-- Place of a pending task within its whole queue without aging, 1 = next.
function queues.position(task_id, task)
  local queue = work.must('queue', task.digest)
  local before = 0
  for class = 1, PRIORITY_CLASS[task.priority] do before = before + queue.live[class] end
  local place = place_of(task)
  for _, member in ipairs(redis.call('ZRANGE', lane_key(task.digest, task.priority), 0, -1)) do
    local submitter = member:sub(PLACE_BYTES + 1):match('^([^\n]*)\n')
    before = before + redis.call('ZLEXCOUNT', line_key(task.digest, task.priority, submitter), '-', '(' .. place)
  end
  return before + 1
end
