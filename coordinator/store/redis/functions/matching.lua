-- Which devices meet which requirements. Requirements are judged in TypeScript (domain/requirement.ts); here are the answers.
--
-- A *route* is a queue's name with its exclusivity: `<requirement digest>:e` or `:s`. Requirements that name no unit are numbered as they appear; a
-- profile has been judged up to a number, and `yes:<profile>` holds the routes it meets. Requirements that name a unit are judged per device, in
-- `fit:<device>`: route -> profile digest and 1 or 0. Whoever meets a question without an answer refuses with `unjudged` and the agents concerned.
--
-- The hash `match` answers what every acquire asks first: `#` the newest route's number, `#<priority>` open lanes, `u:<device>` open lanes of that
-- device's own, `<profile digest>` the number up to which it has been judged.

function matching.route(digest, exclusive)
  return digest .. (exclusive and ':e' or ':s')
end

-- All answers are forgotten when there are too many requirements, and asked for again for the queues that are left. The last thing a call does.
function matching.forget_all()
  local prefix = work.prefix
  for _, profile in ipairs(redis.call('HKEYS', prefix .. 'match')) do
    if not profile:find('[#:]') then
      redis.call('DEL', prefix .. 'yes:' .. profile)
      redis.call('HDEL', prefix .. 'match', profile)
    end
  end
  redis.call('DEL', prefix .. 'routes', prefix .. 'route-numbers', prefix .. 'requirements')
  for _, digest in ipairs(redis.call('ZRANGE', prefix .. 'queues', 0, -1)) do
    local queue = work.get('queue', digest)
    if queue and not queue.unit then
      matching.register(matching.route(digest, queue.exclusive), nil, redis.call('HGET', work.key('queue', digest), 'req'))
    end
  end
end

-- Makes a queue known that has its first pending task.
function matching.register(route, unit, requirement)
  local prefix = work.prefix
  if unit then return end
  if redis.call('HEXISTS', prefix .. 'route-numbers', route) == 1 then return end
  -- Not now: what follows in this call relies on the answers it found at its beginning.
  if redis.call('ZCARD', prefix .. 'routes') >= MAX_KNOWN_ROUTES then work.forget_answers = true end
  local number = redis.call('HINCRBY', prefix .. 'match', '#', 1)
  redis.call('HSET', prefix .. 'route-numbers', route, number)
  redis.call('ZADD', prefix .. 'routes', number, route)
  redis.call('HSET', prefix .. 'requirements', route, requirement)
end

function matching.newest_route()
  return tonumber(redis.call('HGET', work.prefix .. 'match', '#') or '0')
end

function matching.judged_up_to(profile)
  return tonumber(redis.call('HGET', work.prefix .. 'match', profile) or '-1')
end

-- 1, 0, or nil when it is not known whether a device meets a route of its own.
local function unit_answer(device, route)
  local known = redis.call('HGET', work.prefix .. 'fit:' .. device.name, route)
  if not known or known:sub(1, -2) ~= device.profile then return nil end
  return known:sub(-1) == '1'
end

-- Lanes of queues that name one device.
local function each_own_route(agent_id, device, visit)
  for _, entry in ipairs(redis.call('SMEMBERS', work.prefix .. 'unit:' .. device.name)) do
    local priority, route = entry:match('^(%a+) (.*)$')
    local fits = unit_answer(device, route)
    if fits == nil then refuse('unjudged', { agents = { agent_id } }) end
    if fits then visit(route, priority, device.name) end
  end
end

-- Open routes of an agent: calls back with route, priority and the first of its devices that serves it. Refuses unless every answer is known.
function matching.each_route(agent_id, agent, visit)
  local prefix = work.prefix
  local asked = { '#', '#urgent', '#interactive', '#sweep' }
  for _, device in ipairs(agent.devices) do
    asked[#asked + 1] = device.profile
    asked[#asked + 1] = 'u:' .. device.name
  end
  local known = redis.call('HMGET', prefix .. 'match', unpack(asked))
  local newest = tonumber(known[1] or '0')
  local seen = {}
  for index, device in ipairs(agent.devices) do
    local judged, own = known[index * 2 + 3], known[index * 2 + 4]
    if tonumber(judged or '-1') < newest then refuse('unjudged', { agents = { agent_id } }) end
    if own and own ~= '0' then each_own_route(agent_id, device, visit) end
    for place, priority in ipairs(PRIORITIES) do
      local open = known[place + 1]
      local routes = open and open ~= '0' and redis.call('SINTER', prefix .. 'open:' .. priority, prefix .. 'yes:' .. device.profile) or {}
      for _, route in ipairs(routes) do
        local name = priority .. route
        if not seen[name] then
          seen[name] = true
          visit(route, priority, device.name)
        end
      end
    end
  end
end

-- The first device of an agent that serves a task's requirement, or nil.
function matching.serving_device(agent_id, agent, task)
  local route = matching.route(task.digest, task.exclusive)
  local number = not task.unit and tonumber(redis.call('HGET', work.prefix .. 'route-numbers', route) or '0')
  for _, device in ipairs(agent.devices) do
    if task.unit then
      if task.unit == device.name then
        local fits = unit_answer(device, route)
        if fits == nil then refuse('unjudged', { agents = { agent_id } }) end
        if fits then return device.name end
      end
    else
      if matching.judged_up_to(device.profile) < number then refuse('unjudged', { agents = { agent_id } }) end
      if redis.call('SISMEMBER', work.prefix .. 'yes:' .. device.profile, route) == 1 then return device.name end
    end
  end
  return nil
end

-- A lane has got its first task (`change` 1) or lost its last one (-1).
local function toggle(command, change, route, unit, priority)
  local prefix = work.prefix
  if unit then
    redis.call(command, prefix .. 'unit:' .. unit, priority .. ' ' .. route)
    if redis.call('HINCRBY', prefix .. 'match', 'u:' .. unit, change) == 0 then redis.call('HDEL', prefix .. 'match', 'u:' .. unit) end
  else
    redis.call(command, prefix .. 'open:' .. priority, route)
    redis.call('HINCRBY', prefix .. 'match', '#' .. priority, change)
  end
end

function matching.open(route, unit, priority)
  toggle('SADD', 1, route, unit, priority)
end

function matching.close(route, unit, priority)
  toggle('SREM', -1, route, unit, priority)
end
