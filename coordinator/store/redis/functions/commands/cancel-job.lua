-- cancel_job: cancels what has not ended. A repeat changes nothing and gives the same answer.
--   call   {jobId, by}
--   answer JSON: ids of cancelled tasks; JSON: {agent, task, attempt} of those whose agents must be told
--   codes  not_found

function commands.cancel_job(call)
  local job = work.get('job', call.jobId)
  if not job then refuse('not_found', { kind = 'job', id = call.jobId }) end
  stops.job(call.jobId, job, { by = call.by })
  local cancelled, told = {}, {}
  for _, id in ipairs(jobs.task_ids(call.jobId)) do
    if jobs.state_seen(job, id) == 'cancelled' then cancelled[#cancelled + 1] = id end
  end
  stops.add_told(told, call.jobId, job)
  return { cjson.encode(cancelled), cjson.encode(told) }
end
