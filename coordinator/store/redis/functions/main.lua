-- Registers what can be called, below, because nothing but `redis` may be used while a library is loaded. Each function goes under a name that carries
-- the library's digest: coordinators of different versions share a server.
--
-- `commands` runs any number of commands one after another, each as if it had been called alone: what one of them does never depends on the others being
-- there, and a refusal or a failure concerns that command only. Called with the farm's prefix as its one key, a JSON list of {name, time or false, number
-- of texts}, then of each command the call as JSON and its texts. Answers the sequence of the last event and per command {code, '1' or '0' whether it made events, answer...}; a
-- refusal is {code, JSON of its parameters}, a failure {code, what went wrong}.
--
-- A query is called with the prefix and the call as JSON, and answers {code, '0', answer}.

local function texts_of(args, from, count)
  local texts = {}
  for index = 1, count do texts[index] = args[from + index] end
  return texts
end

local function problem_of(thrown)
  if type(thrown) == 'table' then return tostring(thrown.err) end
  return tostring(thrown)
end

local function guarded(run)
  local ok, answer = pcall(run)
  if ok then return answer end
  work.abandon()
  if type(answer) == 'table' and answer.refusal then return { answer.refusal, cjson.encode(answer.params) } end
  return { RESULT.failed, problem_of(answer) }
end

-- A coordinator of another version may have changed the layout while this one ran: its data is left alone from then on.
local function require_layout()
  if not work.layout or work.layout == LAYOUT then return end
  local problem = 'its data has layout ' .. work.layout .. ' now, and this coordinator knows layout ' .. LAYOUT
  refuse('other_layout', { where = 'store', problem = problem .. ': start it again in the version of the others' })
end

-- What is called. A call that cannot be read stays out, with the problem: it must not keep the others from being run.
local function read_items(args)
  local items, at = {}, 2
  for index, told in ipairs(cjson.decode(args[1])) do
    local name, now, count = unpack(told)
    local readable, call = pcall(cjson.decode, args[at])
    items[index] = { name = name, now = now or nil, texts = texts_of(args, at, count) }
    items[index][readable and 'call' or 'problem'] = call
    at = at + 1 + count
  end
  return items
end

-- Only saves time: a call with odd members is refused or fails by itself.
local function prefetch(items)
  if not pcall(work.prefetch, items) then work.abandon() end
end

local function run_command(item)
  return guarded(function()
    require_layout()
    if item.problem then error(item.problem) end
    work.begin(item.now)
    local answer = commands[item.name](item.call, item.texts)
    return { RESULT.ok, work.commit(), unpack(answer) }
  end)
end

local function run_commands(keys, args)
  work.open(keys[1])
  -- A server that has lost everything: what is written from now on has this layout.
  if not work.layout then redis.call('SET', work.prefix .. 'schema', LAYOUT) end
  local items = read_items(args)
  prefetch(items)
  local answers = {}
  for index, item in ipairs(items) do answers[index] = run_command(item) end
  return { exact(work.close()), answers }
end

local function register_commands()
  redis.register_function({ function_name = LIBRARY .. '_commands', flags = {}, callback = run_commands })
end

local function register_query(name)
  local query = queries[name]
  redis.register_function({
    function_name = LIBRARY .. '_' .. name,
    flags = { 'no-writes' },
    callback = function(keys, args)
      work.open(keys[1])
      return guarded(function()
        require_layout()
        return { RESULT.ok, '0', query(cjson.decode(args[1])) }
      end)
    end,
  })
end
