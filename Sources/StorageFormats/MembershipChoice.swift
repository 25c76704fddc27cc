/// Which of the memberships that were found on several volumes is to be believed.
///
/// Each list comes after those that it has seen. Of two that have not seen each other, one may be the
/// rest of a change that a power loss kept from the others: it was never relied on if a volume that by
/// it holds the log has another list. What is left must be one list, or volumes have gone on without
/// each other. The order of the volumes does not matter. Normative text: `docs/formats/members.md`.
public enum MembershipChoice: Hashable, Sendable {
    /// A membership and the volume that has it.
    public struct Found: Hashable, Sendable {
        let volume: UniqueID
        let membership: VolumeMembership

        /// Makes a value of its parts.
        public init(_ membership: VolumeMembership, on volume: UniqueID) {
            self.membership = membership
            self.volume = volume
        }
    }

    /// None was found.
    case none
    /// The one to be believed; what the others have in writing is noted in it.
    case believed(VolumeMembership)
    /// These two, by their places in what was found, have gone on without each other.
    case split(Int, Int)

    /// Chooses.
    public init(of found: [Found]) {
        guard !found.isEmpty else {
            self = .none
            return
        }
        let all = Array(found.indices)
        var last = Self.latest(all, found)
        if last.count > 1 {
            last = Self.latest(all.filter { !Self.isUnfinished($0, found) }, found)
        }
        guard let chosen = last.first, last.count == 1 else {
            // None, if each is the rest of a change, of which nothing else is left.
            let rest = last.isEmpty ? Self.latest(all, found) : last
            self = .split(rest[0], rest[1])
            return
        }
        self = .believed(Self.taking(found, into: found[chosen].membership))
    }

    /// One of each list that no other of some has seen.
    private static func latest(_ places: [Int], _ found: [Found]) -> [Int] {
        var latest: [Int] = []
        for place in places {
            let own = found[place].membership
            let isSeen = places.contains { other in
                hasSeen(found[other].membership, own, found)
            }
            let isNamed = latest.contains { found[$0].membership.isSame(as: own) }
            if !isSeen && !isNamed { latest.append(place) }
        }
        return latest
    }

    /// Whether a list comes after another, which any of the volumes has that have that one.
    private static func hasSeen(
        _ later: VolumeMembership,
        _ earlier: VolumeMembership,
        _ found: [Found]
    ) -> Bool {
        found.contains { one in
            one.membership.isSame(as: earlier) && later.hasSeen(earlier, on: one.volume)
        }
    }

    /// Whether nobody was told anything under a list: then all that by it hold the log would have it,
    /// or a later one.
    private static func isUnfinished(_ place: Int, _ found: [Found]) -> Bool {
        let own = found[place].membership
        return found.contains { other in
            own.log.contains(other.volume) && !other.membership.isSame(as: own)
                && !hasSeen(other.membership, own, found)
        }
    }

    /// The membership with what all volumes have in writing.
    private static func taking(
        _ found: [Found],
        into chosen: VolumeMembership
    ) -> VolumeMembership {
        var membership = chosen
        for other in found {
            if other.membership.isSame(as: chosen) {
                membership.note(other.volume, hasWritten: chosen.epoch)
            } else {
                membership.note(other.volume, hasWritten: other.membership.epoch)
                membership.pass(other.membership.epoch)
            }
        }
        return membership
    }
}
