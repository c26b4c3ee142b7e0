-- Registers what can be called, below, because nothing but `redis` may be used while a library is loaded. Each function goes under a name that carries
-- the library's digest: coordinators of different versions share a server.
--
-- `commands` runs any number of commands one after another, each as if it had been called alone: what one of them does never depends on the others being
-- there, and a refusal or a failure concerns that command only. Called with the farm's prefix as its one key, a JSON list of {name, time or false, call,
-- number of texts}, then the texts of all. Answers the sequence of the last event and per command {code, '1' or '0' whether it made events, answer...}; a
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

local function run_command(name, now, call, texts)
  return guarded(function()
    require_layout()
    work.begin(now or nil)
    local answer = commands[name](call, texts)
    return { RESULT.ok, work.commit(), unpack(answer) }
  end)
end

local function run_commands(keys, args)
  work.open(keys[1])
  -- A server that has lost everything: what is written from now on has this layout.
  if not work.layout then redis.call('SET', work.prefix .. 'schema', LAYOUT) end
  local list = cjson.decode(args[1])
  work.prefetch(list)
  local answers, from = {}, 1
  for index, item in ipairs(list) do
    local name, now, call, count = unpack(item)
    answers[index] = run_command(name, now, call, texts_of(args, from, count))
    from = from + count
  end
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
