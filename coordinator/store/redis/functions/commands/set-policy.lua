-- set_policy: from now on tasks are ordered and passed over by this policy.
--   call   the policy
--   texts  the policy as a document

function commands.set_policy(call, texts)
  redis.call('HSET', work.prefix .. 'policy', 'h', cmsgpack.pack(call), 'doc', texts[1])
  work.policy = nil
  work.quota_free = true
  return {}
end
