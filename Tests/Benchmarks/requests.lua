-- Requests for wrk: takes the targets of a file in turn, each thread from a place of its own.
-- Arguments after `--`: the file of targets (one `/path?query` a line), the method, the body's bytes.

local threads = 0
-- Requests up to this length are put together once and kept: the load shares its cores with the server.
-- Those of long bodies would take the memory of all of them.
local text_bytes_max = 128 * 1024
local texts = {}

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function init(arguments)
    targets = {}
    for line in io.lines(arguments[1]) do
        targets[#targets + 1] = line
    end
    position = (number * math.floor(#targets / 2)) % #targets
    wrk.method = arguments[2] or "GET"
    local bytes = tonumber(arguments[3] or "0")
    if bytes > 0 then
        -- The same pattern as the objects that are read; no server here compresses or deduplicates.
        local block = {}
        for index = 0, 4095 do
            block[#block + 1] = string.char((index * 131 + math.floor(index / 256) * 17) % 256)
        end
        wrk.body = string.rep(table.concat(block), math.ceil(bytes / 4096)):sub(1, bytes)
    end
end

function request()
    position = position % #targets + 1
    local text = texts[position]
    if not text then
        text = wrk.format(nil, targets[position])
        if #text <= text_bytes_max then texts[position] = text end
    end
    return text
end

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        'RESULT {"requests": %d, "bytes": %d, "microseconds": %d, "failed": %d, "p50": %d, "p99": %d}\n',
        summary.requests, summary.bytes, summary.duration,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50), latency:percentile(99)))
end
