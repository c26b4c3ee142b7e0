-- learn: answers what `unjudged` asked. Answers follow from the documents alone: learning twice, or late, changes nothing.
--   call   {profiles = {{profile, number, routes}}, devices = {{name, profile, fits = {route = boolean}}}}

-- Answers kept per device; at the limit all of a device's are forgotten and asked again.
local MAX_FITS = 2000

function commands.learn(call)
  for _, judged in ipairs(call.profiles) do
    for _, route in ipairs(judged.routes) do redis.call('SADD', work.prefix .. 'yes:' .. judged.profile, route) end
    local known = matching.judged_up_to(judged.profile)
    -- Only what follows without a gap on what is known: all answers may have been forgotten meanwhile.
    if judged.from <= known + 1 and judged.to > known then redis.call('HSET', work.prefix .. 'match', judged.profile, judged.to) end
  end
  for _, device in ipairs(call.devices) do
    local key = work.prefix .. 'fit:' .. device.name
    if redis.call('HLEN', key) > MAX_FITS then redis.call('DEL', key) end
    for route, fits in pairs(device.fits) do redis.call('HSET', key, route, device.profile .. (fits and '1' or '0')) end
  end
  return {}
end
