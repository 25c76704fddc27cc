/// A reason why the server cannot start or a command cannot be carried out; each says what to do.
public enum ServerError: Error, Hashable, Sendable {
    /// A listen address that is not `HOST:PORT`.
    case listenAddressInvalid(String)
    /// Another program listens on the port.
    case portTaken(ListenAddress)
    /// The address cannot be bound for another reason; `cause` is the system's word for it.
    case addressUnusable(ListenAddress, cause: String)
    /// No data directory was named.
    case dataDirectoryMissing
    /// One data directory was named twice.
    case directoryNamedTwice(String)
    /// There are not so many folders as copies were asked for, or too many folders.
    case copiesImpossible(copies: Int, folders: Int)
    /// A number of copies that is no number, or not positive.
    case copiesInvalid(String)
    /// A durability that is none.
    case durabilityInvalid(String)
    /// A flush interval that is no length of time, or out of bounds.
    case flushIntervalInvalid(String)
    /// A flush interval for a server that flushes before it acknowledges.
    case flushIntervalUnused
    /// The system gave no more threads.
    case threadsUnavailable
    /// A folder or file could not be read or made.
    case fileUnusable(path: String, cause: String)
    /// A file is where a folder for the data was named, or one above it.
    case folderIsFile(path: String)
    /// `keys.env` does not hold a pair of keys.
    case keysUnreadable(path: String)
    /// Only one of the two root keys was given in the environment, or one is too short.
    case rootKeysInvalid
    /// One of the TLS certificate and key was given without the other.
    case tlsHalfGiven
    /// The certificate or key cannot be used.
    case tlsUnusable(cause: String)
    /// A log level that swift-log does not know.
    case logLevelInvalid(String)
    /// A time after which uploads expire that is no number of days.
    case uploadExpiryInvalid(String)
    /// The configuration file cannot be read; `cause` says why.
    case configurationUnreadable(path: String, cause: String)
    /// The configuration file is wrong.
    case configurationInvalid(path: String, ConfigurationFault)
    /// Another process serves the data directory.
    case dataInUse(path: String)
    /// The data directory cannot be opened.
    case dataUnusable(path: String, cause: String)
    /// A folder in which a volume was is not there, and another of the folders says so.
    case folderGone(path: String, other: String)
    /// Nothing is mounted at a place where a disk was, as a note says.
    case notMounted(path: String, note: String)
    /// The folder lies in another data folder.
    case folderNested(path: String, outer: String)
    /// The folder is a backup, which is not served but restored.
    case folderIsBackup(path: String)
    /// A backup was restored into the folder in part only.
    case restoreUnfinished(path: String)
    /// The running server refused a command.
    case refusedByServer(status: Int, message: String)
    /// The running server did not answer on its control socket.
    case serverUnreachable(path: String)
    /// A rate for the scrub that is no number of bytes.
    case scrubRateInvalid(String)
    /// A check, backup or the like could not be carried out; the text says why and what to do.
    case maintenanceFailed(String)
    /// A principal's name is taken.
    case principalExists(String)
    /// No principal has that name.
    case principalMissing(String)
    /// A principal's name breaks the rules.
    case principalNameInvalid(String)
    /// Root can neither be added nor removed; its keys are in the file.
    case principalIsRoot(keysFile: String)
}

extension ServerError: CustomStringConvertible {
    /// As many as a list of volumes has; normative text: `docs/formats/members.md`.
    private static let foldersMax = 32

    /// One or two sentences for the person at the terminal: what is wrong and what to do.
    public var description: String {
        switch self {
        case .listenAddressInvalid(let text):
            "'\(text)' is no address to listen on. Write HOST:PORT, for example 127.0.0.1:9000, "
                + "or :0 for any free port."
        case .portTaken(let address):
            "Port \(address.port) on \(address.host) is taken by another program. Stop it, or "
                + "choose another port: --listen \(address.host):\(address.port + 1) "
                + "(or :0 for any free one)."
        case .addressUnusable(let address, let cause):
            "Cannot listen on \(address): \(cause)."
        case .dataDirectoryMissing:
            "Name the folder for the data, for example: nave serve ./data"
        case .directoryNamedTwice(let directory): "The folder \(directory) was named twice."
        case .copiesImpossible(_, let folders) where folders > Self.foldersMax:
            "\(folders) folders are too many: at most \(Self.foldersMax) may belong to a Nave, those that "
                + "are missing included. Forget those that are lost for good: nave forget"
        case .copiesImpossible(let copies, let folders):
            "\(copies) \(copies == 1 ? "copy" : "copies") cannot be kept on \(folders) "
                + "\(folders == 1 ? "folder" : "folders"): name at least as many folders as copies, "
                + "each on a disk of its own."
        case .copiesInvalid(let text):
            "'\(text)' is no number of copies; write --copies 2, for example."
        case .durabilityInvalid(let text):
            "'\(text)' is no durability. Use strict (a change is on the disk before it is answered) or "
                + "relaxed (a power loss may take what was answered since the last flush)."
        case .flushIntervalInvalid(let text):
            "'\(text)' is no interval between flushes. Use 10ms to 60s; write --flush-interval 500ms, "
                + "for example."
        case .flushIntervalUnused:
            "--flush-interval is of use with --durability relaxed alone: without it every change is "
                + "flushed before it is answered."
        case .threadsUnavailable: "The system gives this process no more threads."
        case .fileUnusable(let path, let cause): "Cannot use \(path): \(cause)."
        case .folderIsFile(let path): "\(path) is a file, not a folder. Name another for the data."
        case .keysUnreadable(let path):
            "\(path) does not hold AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Put them back, or "
                + "remove the file and new root keys are made at the next start."
        case .rootKeysInvalid:
            "NAVE_ROOT_ACCESS_KEY (3 to 128 characters) and NAVE_ROOT_SECRET_KEY (8 to 128) must "
                + "be given together."
        case .tlsHalfGiven:
            "--tls-certificate and --tls-key belong together; one of them is missing."
        case .tlsUnusable(let cause): "TLS cannot be set up: \(cause)."
        case .logLevelInvalid(let text):
            "'\(text)' is no log level. Use trace, debug, info, notice, warning, error or critical."
        case .uploadExpiryInvalid(let text):
            "'\(text)' is no number of days after which uploads expire. Use 0 to keep them all, or "
                + "1 to 36500."
        case .configurationUnreadable(let path, let cause):
            "Cannot read the configuration \(path): \(cause)."
        case .configurationInvalid(let path, let fault): fault.sentence(of: path)
        case .dataInUse(let path):
            "\(path) is in use by another nave process. One server at a time may serve a folder."
        case .dataUnusable(let path, let cause): "Cannot open \(path): \(cause)."
        case .folderGone(let path, let other):
            "\(path) is not there, and \(other) was served together with it: is its disk mounted? If it is "
                + "lost, leave it out, or make an empty folder for a new one: mkdir -p \(path)"
        case .notMounted(let path, let note):
            "No disk is mounted at \(path), and one was when it was served last; nothing was written there. "
                + "Mount it. If it is lost, name another folder in its place, or leave it out. If none belongs "
                + "there any more, say so: rm \(note)"
        case .folderNested(let path, let outer):
            "\(path) lies in the data folder \(outer). Each needs a place of its own: move it out, or "
                + "name another."
        case .folderIsBackup(let path):
            "\(path) is a backup; to use it as data would spoil it. Restore it into a new folder and "
                + "take that one: nave restore \(path) FOLDER"
        case .restoreUnfinished(let path):
            "\(path) holds a part of a backup: the restore was interrupted. Let it go on, and it keeps what "
                + "it has: nave restore BACKUP \(path)"
        case .refusedByServer(let status, let message):
            "The running server refused (\(status)): \(message)"
        case .serverUnreachable(let path):
            "A server uses this folder but does not answer on \(path)."
        case .scrubRateInvalid(let text):
            "'\(text)' is no rate for the scrub. Use whole bytes a second, or 0 for no scrub."
        case .maintenanceFailed(let text): text
        case .principalExists(let name):
            "There is a principal named \(name) already. Remove it first to make new keys: "
                + "nave principal remove \(name)"
        case .principalMissing(let name):
            "There is no principal named \(name). See: nave principal list"
        case .principalNameInvalid(let name):
            "'\(name)' cannot name a principal: use 1 to 64 of A-Z a-z 0-9 . _ -"
        case .principalIsRoot(let keysFile):
            "root is always there: it can neither be added nor removed. To change its keys, stop the "
                + "server, edit \(keysFile) (in each folder, if several are served together), and start it "
                + "again."
        }
    }
}
