-- curate_cell: replaces what is said about a cell, if nobody has said anything else meanwhile.
--   call   {cellId}
--   texts  what the caller has read ('' for nothing), what is to be kept
--   answer what is kept now

function commands.curate_cell(call, texts)
  local key = work.prefix .. 'curations'
  local kept = redis.call('HGET', key, call.cellId) or ''
  if kept ~= texts[1] then return { kept } end
  redis.call('HSET', key, call.cellId, texts[2])
  return { texts[2] }
end
