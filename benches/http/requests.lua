-- For wrk: cycles through the requests in the file named by REQUESTS, with "<path> <token>" in each
-- line. Builds the requests in advance, because wrk shares the cores with the server.
local requests = {}
local sent = 0

function init()
  for line in io.lines(os.getenv("REQUESTS")) do
    local path, token = line:match("^(%S+) (%S+)$")
    table.insert(requests, wrk.format("GET", path, { Authorization = "Bearer " .. token }))
  end
end

function request()
  sent = sent + 1
  return requests[sent % #requests + 1]
end

function done(summary, _, _)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.stderr:write(string.format(
    '{"requests": %d, "failed": %d, "seconds": %.6f}\n',
    summary.requests, failed, summary.duration / 1e6))
end
