-- Registers commands and queries: the calls follow below, because nothing but `redis` may be used while a library is loaded. Each goes under a name that carries the library's digest: coordinators of different versions share a server.
-- A function is called with the farm's prefix as its one key and two or more arguments: the time ('' for queries), the call as JSON, then texts.
-- It answers {code, sequence of the last event, answer...}; a refusal is {code, JSON of its parameters}.

local function texts_of(args)
  local texts = {}
  for index = 3, #args do texts[index - 2] = args[index] end
  return texts
end

local function guarded(run)
  local ok, answer = pcall(run)
  if ok then return answer end
  if type(answer) == 'table' and answer.refusal then return { answer.refusal, cjson.encode(answer.params) } end
  error(answer, 0)
end

local function register(name, run, flags)
  redis.register_function({
    function_name = LIBRARY .. '_' .. name,
    flags = flags,
    callback = function(keys, args)
      return guarded(function()
        work.begin(keys[1], tonumber(args[1]))
        return run(cjson.decode(args[2]), args)
      end)
    end,
  })
end

local function register_command(name)
  local command = commands[name]
  register(name, function(call, args)
    local answer = command(call, texts_of(args))
    return { RESULT.ok, work.flush(), unpack(answer) }
  end, {})
end

local function register_query(name)
  local query = queries[name]
  register(name, function(call) return { RESULT.ok, 0, query(call) } end, { 'no-writes' })
end
