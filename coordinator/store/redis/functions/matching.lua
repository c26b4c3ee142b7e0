-- Which devices meet which requirements. Requirements are judged in TypeScript (domain/requirement.ts); here are the answers.
--
-- A *route* is a queue's name with its exclusivity: `<requirement digest>:e` or `:s`. Requirements that name no unit are numbered as they appear; a
-- profile has been judged up to a number, and `yes:<profile>` holds the routes it meets. Requirements that name a unit are judged per device, in
-- `fit:<device>`: route -> profile digest and 1 or 0. Whoever meets a question without an answer refuses with `unjudged` and the agents concerned.

function matching.route(digest, exclusive)
  return digest .. (exclusive and ':e' or ':s')
end

-- All answers are forgotten when there are more than this many requirements, and asked for again.
local function forget_all()
  local prefix = work.prefix
  for _, profile in ipairs(redis.call('HKEYS', prefix .. 'judged')) do redis.call('DEL', prefix .. 'yes:' .. profile) end
  redis.call('DEL', prefix .. 'judged', prefix .. 'routes', prefix .. 'route-numbers', prefix .. 'requirements')
end

-- Makes a queue known that has its first pending task.
function matching.register(route, unit, requirement)
  local prefix = work.prefix
  if unit then return end
  if redis.call('HEXISTS', prefix .. 'route-numbers', route) == 1 then return end
  if redis.call('ZCARD', prefix .. 'routes') >= MAX_KNOWN_ROUTES then
    forget_all()
    for _, digest in ipairs(redis.call('ZRANGE', prefix .. 'queues', 0, -1)) do
      local queue = work.get('queue', digest)
      if queue and not queue.unit then
        matching.register(matching.route(digest, queue.exclusive), nil, redis.call('HGET', work.key('queue', digest), 'req'))
      end
    end
  end
  local number = work.counter('route')
  redis.call('HSET', prefix .. 'route-numbers', route, number)
  redis.call('ZADD', prefix .. 'routes', number, route)
  redis.call('HSET', prefix .. 'requirements', route, requirement)
end

local function newest_route()
  return tonumber(redis.call('HGET', work.prefix .. 'counters', 'route') or '0')
end

local function judged_up_to(profile)
  return tonumber(redis.call('HGET', work.prefix .. 'judged', profile) or '-1')
end

-- Refuses unless everything is known about an agent's devices and the open queues.
function matching.require_all(agent_id, agent)
  local newest = newest_route()
  for _, device in ipairs(agent.devices) do
    if judged_up_to(device.profile) < newest then refuse('unjudged', { agents = { agent_id } }) end
  end
end

-- 1, 0, or nil when it is not known whether a device meets a route of its own.
local function unit_answer(device, route)
  local known = redis.call('HGET', work.prefix .. 'fit:' .. device.name, route)
  if not known or known:sub(1, -2) ~= device.profile then return nil end
  return known:sub(-1) == '1'
end

-- Open routes of an agent: calls back with route, priority and the first of its devices that serves it.
function matching.each_route(agent_id, agent, visit)
  matching.require_all(agent_id, agent)
  local prefix = work.prefix
  local seen = {}
  for _, device in ipairs(agent.devices) do
    for _, entry in ipairs(redis.call('SMEMBERS', prefix .. 'unit:' .. device.name)) do
      local priority, route = entry:match('^(%a+) (.*)$')
      local fits = unit_answer(device, route)
      if fits == nil then refuse('unjudged', { agents = { agent_id } }) end
      if fits then visit(route, priority, device.name) end
    end
    for _, priority in ipairs(PRIORITIES) do
      for _, route in ipairs(redis.call('SINTER', prefix .. 'open:' .. priority, prefix .. 'yes:' .. device.profile)) do
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
      if judged_up_to(device.profile) < number then refuse('unjudged', { agents = { agent_id } }) end
      if redis.call('SISMEMBER', work.prefix .. 'yes:' .. device.profile, route) == 1 then return device.name end
    end
  end
  return nil
end

-- A lane has got its first task or lost its last one.
function matching.open(route, unit, priority)
  if unit then redis.call('SADD', work.prefix .. 'unit:' .. unit, priority .. ' ' .. route)
  else redis.call('SADD', work.prefix .. 'open:' .. priority, route) end
end

function matching.close(route, unit, priority)
  if unit then redis.call('SREM', work.prefix .. 'unit:' .. unit, priority .. ' ' .. route)
  else redis.call('SREM', work.prefix .. 'open:' .. priority, route) end
end
