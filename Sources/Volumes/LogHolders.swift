import StorageFormats
import StorageModel

/// Which of the volumes that by the membership hold the log do, when they are opened.
///
/// After a crash one may have a last batch that another has not, or with ``Durability/relaxed`` all
/// since the last flush; it may stay, and the others are given it. A log that goes on otherwise than the
/// longest is no rest of a crash: the volumes have gone on without each other.
struct LogHolders {
    /// The volumes whose logs are alike and longest.
    private(set) var alike: [VolumeMember] = []
    /// Those whose log is to be copied anew.
    private(set) var givenUp: [VolumeMember] = []

    /// Chooses.
    ///
    /// - Parameter members: The volumes; those that hold no log are passed over.
    /// - Throws: `.membershipSplit` if two logs differ in what both have.
    init(_ members: [VolumeMember]) throws(VolumeError) {
        let holding = members.filter { $0.volume?.logTip != nil }
        let longest = holding.max {
            ($0.volume?.logEnd.bytes ?? 0) < ($1.volume?.logEnd.bytes ?? 0)
        }
        guard let longest, let source = longest.volume, let tip = source.logTip else { return }
        for member in holding {
            guard let volume = member.volume, let own = volume.logTip else { continue }
            let begins = Self.begins(source, with: own)
            guard begins != false else {
                throw .membershipSplit(directory: longest.directory, other: member.directory)
            }
            if own.end == tip.end, own.first == tip.first {
                alike.append(member)
            } else if begins == true, Self.catchUp(volume, with: source) {
                alike.append(member)
            } else {
                volume.giveUpLog()
                givenUp.append(member)
            }
        }
    }

    /// Whether a shorter log was given what it lacks; if not, it is copied anew.
    private static func catchUp(_ target: Volume, with source: Volume) -> Bool {
        (try? LogCatchUp(source: source, target: target).run()) ?? false
    }

    /// Whether a log begins with another; nil where that cannot be read.
    private static func begins(_ longest: Volume, with shorter: LogTip) -> Bool? {
        do throws(VolumeError) {
            return try longest.chain(at: shorter.end) == shorter.previousChecksum
        } catch {
            return nil
        }
    }
}
