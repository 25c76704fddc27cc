import Glibc

/// What the server asks of the operating system for its own process.
enum ProcessLimits {
    /// Allows as many open files as the system permits this user, and makes a write to a closed
    /// pipe an error of that write instead of the end of the process.
    static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        // A refusal leaves the limit as it was, which the connection limit copes with.
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
