-- Records as they are read and changed by one call, and what has happened, until `work.flush` writes it all.
--
-- Functions of a library live on between calls, so that everything of one call is kept in `work` and made new by `work.begin`. A refusal is raised with
-- `refuse` before anything has been written: lanes, alarms and counters are written at once, records and events at the end.

-- Redis raises tables; a refusal is one of ours.
local function refuse(name, params)
  error({ refusal = RESULT[name], params = params or {} })
end

-- Numbers as text without loss: Redis turns Lua numbers into integers, and `tostring` keeps 14 digits.
local function exact(number)
  return string.format(number % 1 == 0 and '%d' or '%.17g', number)
end

local function ordered_set()
  return { list = {}, place = {} }
end

local function add(set, item)
  if set.place[item] then return end
  set.list[#set.list + 1] = item
  set.place[item] = #set.list
end

local function drop(set, item)
  set.place[item] = nil
end

local function each(set)
  local index = 0
  return function()
    repeat
      index = index + 1
      local item = set.list[index]
      if item == nil or set.place[item] == index then return item end
    until false
  end
end

function work.begin(prefix, now)
  work.prefix = prefix
  work.now = now
  work.records = { task = {}, job = {}, agent = {}, host = {}, queue = {} }
  work.dirty = { task = {}, job = {}, agent = {}, host = {}, queue = {} }
  -- Documents that change too: key -> flat list of field, value.
  work.fields = {}
  work.drafts = {}
  work.jobs = ordered_set()
  work.ready = ordered_set()
  work.freed = ordered_set()
  work.quota_free = false
  work.forget_answers = false
  work.policy = nil
  work.leases = {}
end

-- Where the cold documents of a record are, and everything else that is named after it.
function work.key(kind, id)
  return work.prefix .. kind .. ':' .. id
end

-- Where the hot record is.
function work.hot_key(kind, id)
  return work.prefix .. 'hot:' .. kind .. ':' .. id
end

-- The record, or nil. What is returned may be changed in place after `work.touch`.
function work.get(kind, id)
  local known = work.records[kind][id]
  if known ~= nil then return known or nil end
  local packed = redis.call('GET', work.hot_key(kind, id))
  local record = packed and cmsgpack.unpack(packed) or false
  work.records[kind][id] = record
  return record or nil
end

-- A record that another one names.
function work.must(kind, id)
  local record = work.get(kind, id)
  if not record then error('the store has lost ' .. kind .. ' ' .. id) end
  return record
end

function work.touch(kind, id)
  work.dirty[kind][id] = true
end

function work.put(kind, id, record)
  work.records[kind][id] = record
  work.dirty[kind][id] = true
  return record
end

function work.field(kind, id, name, value)
  local key = work.key(kind, id)
  local list = work.fields[key]
  if not list then
    list = {}
    work.fields[key] = list
  end
  list[#list + 1] = name
  list[#list + 1] = value
end

function work.forget(kind, id)
  work.records[kind][id] = false
  work.dirty[kind][id] = nil
  redis.call('DEL', work.hot_key(kind, id), work.key(kind, id))
end

function work.counter(name)
  return redis.call('HINCRBY', work.prefix .. 'counters', name, 1)
end

local function draft_summaries(drafts)
  for id in each(work.jobs) do
    local job = work.get('job', id)
    drafts[#drafts + 1] = { 'j', id, job.state, job.counts }
  end
  for digest in each(work.ready) do drafts[#drafts + 1] = { 'r', digest } end
  for id in each(work.freed) do drafts[#drafts + 1] = { 'h', id } end
  if work.quota_free then drafts[#drafts + 1] = { 'q' } end
end

local EVENTS_PER_ENTRY = 100

-- Numbers the events and appends them to the stream in batches. Returns the number of the last one, 0 when there was none.
local function write_events()
  local drafts = work.drafts
  draft_summaries(drafts)
  local count = #drafts
  if count == 0 then return 0 end
  local last = redis.call('INCRBY', work.prefix .. 'event', count)
  local first = last - count + 1
  local at = exact(work.now)
  for from = 1, count, EVENTS_PER_ENTRY do
    local to = math.min(from + EVENTS_PER_ENTRY - 1, count)
    local batch = drafts
    if from > 1 or to < count then
      batch = {}
      for index = from, to do batch[#batch + 1] = drafts[index] end
    end
    local sequence = first + to - 1
    local oldest = math.max(sequence - MAX_KEPT_EVENTS + 1, 0)
    redis.call(
      'XADD', work.prefix .. 'events', 'MINID', '~', string.format('%d-0', oldest), string.format('%d-0', sequence),
      'at', at, 'events', cjson.encode(batch)
    )
  end
  return last
end

-- Writes everything that has changed. Returns the sequence number of the last event.
function work.flush()
  for kind, ids in pairs(work.dirty) do
    local records = work.records[kind]
    for id in pairs(ids) do redis.call('SET', work.hot_key(kind, id), cmsgpack.pack(records[id])) end
  end
  for key, fields in pairs(work.fields) do redis.call('HSET', key, unpack(fields)) end
  if work.forget_answers then matching.forget_all() end
  return write_events()
end
