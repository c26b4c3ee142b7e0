-- Records as they are read and changed by the commands of one call, and what has happened: `work.commit` writes what a command has changed, `work.close`
-- the events of all.
--
-- Functions of a library live on between calls, so that everything of one call is kept in `work` and made new by `work.open`. A refusal is raised with
-- `refuse` before anything has been written: lanes, alarms and counters are written at once, records at the command's end.

-- Keys and values of one MGET or MSET: an even number that Lua's stack holds.
local READ_AT_ONCE = 2000

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

-- A call begins.
function work.open(prefix)
  work.prefix = prefix
  work.layout = redis.call('GET', prefix .. 'schema')
  -- Events of commands that are done, as JSON with the time of their command.
  work.events = {}
  work.abandon()
end

-- A command begins; what the commands before it have read is still true.
function work.begin(now)
  work.now = now
  work.dirty = { task = {}, job = {}, agent = {}, host = {}, queue = {} }
  -- Documents that change too: key -> flat list of field, value.
  work.fields = {}
  work.drafts = {}
  work.jobs = ordered_set()
  work.ready = ordered_set()
  work.freed = ordered_set()
  work.quota_free = false
  work.forget_answers = false
end

-- A command was given up: records may have been changed in place.
function work.abandon()
  work.records = { task = {}, job = {}, agent = {}, host = {}, queue = {} }
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

-- Reads those of these records that are not known yet at once: flat list of kind, id.
local function read_all(wanted)
  local keys, places = {}, {}
  for index = 1, #wanted, 2 do
    local kind, id = wanted[index], wanted[index + 1]
    if work.records[kind][id] == nil then
      work.records[kind][id] = false
      keys[#keys + 1] = work.hot_key(kind, id)
      places[#places + 1] = { kind, id }
    end
  end
  for from = 1, #keys, READ_AT_ONCE do
    local to = math.min(from + READ_AT_ONCE - 1, #keys)
    for index, packed in ipairs(redis.call('MGET', unpack(keys, from, to))) do
      local kind, id = unpack(places[from + index - 1])
      work.records[kind][id] = packed and cmsgpack.unpack(packed) or false
    end
  end
end

-- What commands about agents and their leases will look at: the agents and tasks they name, then the hosts of those and the jobs of these.
function work.prefetch(items)
  local named, behind = {}, {}
  local function want(set, kind, id)
    set[#set + 1] = kind
    set[#set + 1] = id
  end
  for _, item in ipairs(items) do
    local call = item.call or {}
    if call.agentId then want(named, 'agent', call.agentId) end
    if call.lease then want(named, 'task', call.lease.taskId) end
  end
  read_all(named)
  for index = 1, #named, 2 do
    local kind = named[index]
    local record = work.records[kind][named[index + 1]]
    if record and kind == 'agent' then want(behind, 'host', record.host) end
    if record and kind == 'task' then
      for _, job_id in ipairs(record.jobs) do want(behind, 'job', job_id) end
    end
  end
  read_all(behind)
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

-- Appends events of one time to the stream; `first` is the number of the first of them.
local function append_events(first, at, texts)
  for from = 1, #texts, EVENTS_PER_ENTRY do
    local to = math.min(from + EVENTS_PER_ENTRY - 1, #texts)
    local sequence = first + to - 1
    local oldest = math.max(sequence - MAX_KEPT_EVENTS + 1, 0)
    redis.call(
      'XADD', work.prefix .. 'events', 'MINID', '~', string.format('%d-0', oldest), string.format('%d-0', sequence),
      'at', exact(at), 'events', '[' .. table.concat(texts, ',', from, to) .. ']'
    )
  end
end

-- Numbers the events of all commands. Returns the number of the last one, 0 when there was none.
function work.close()
  local events = work.events
  if #events == 0 then return 0 end
  local last = redis.call('INCRBY', work.prefix .. 'event', #events)
  local first = last - #events + 1
  local at, texts = events[1].at, {}
  for _, event in ipairs(events) do
    if event.at ~= at then
      append_events(first, at, texts)
      first = first + #texts
      at, texts = event.at, {}
    end
    texts[#texts + 1] = event.text
  end
  append_events(first, at, texts)
  return last
end

local function write_records()
  local written = {}
  for kind, ids in pairs(work.dirty) do
    local records = work.records[kind]
    for id in pairs(ids) do
      written[#written + 1] = work.hot_key(kind, id)
      written[#written + 1] = cmsgpack.pack(records[id])
    end
  end
  for from = 1, #written, READ_AT_ONCE do redis.call('MSET', unpack(written, from, math.min(from + READ_AT_ONCE - 1, #written))) end
end

-- Writes everything that a command has changed. Returns '1' when it made events, else '0'. They are written down as text now, before later commands
-- change the records they tell of.
function work.commit()
  write_records()
  for key, fields in pairs(work.fields) do redis.call('HSET', key, unpack(fields)) end
  if work.forget_answers then matching.forget_all() end
  local drafts = work.drafts
  draft_summaries(drafts)
  for _, draft in ipairs(drafts) do work.events[#work.events + 1] = { at = work.now, text = cjson.encode(draft) } end
  return #drafts > 0 and '1' or '0'
end
