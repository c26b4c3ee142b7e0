-- archive: puts references in place of documents that lie in the artifact store now. Nobody can tell but by the time a query takes.
--   call   {jobId, blob?, documents = {{kind, id, field, sha1 of the text, reference}}, last}
--   answer nothing
-- A document that has changed meanwhile stays, and so does everything of a job or task that runs again. With `last` the job is not looked at again.

local function is_at_rest(kind, id)
  if kind == 'job' then return work.must('job', id).state ~= 'running' end
  local task = work.get('task', id)
  return task ~= nil and ENDS[task.state] == true
end

function commands.archive(call)
  local job = work.get('job', call.jobId)
  if not job or job.state == 'running' then return {} end
  if call.blob then redis.call('SADD', work.prefix .. 'archives', call.blob) end
  for _, document in ipairs(call.documents) do
    local kind, id, field, digest, reference = unpack(document)
    local text = is_at_rest(kind, id) and redis.call('HGET', work.key(kind, id), field)
    if text and redis.sha1hex(text) == digest then redis.call('HSET', work.key(kind, id), field, reference) end
  end
  if call.last then redis.call('ZREM', work.prefix .. 'ended', call.jobId) end
  return {}
end
