import StorageModel

// Of several directories in which an index may lie, that in which it is. Another may hold one from
// before its disk failed, or came back.

extension MetadataIndex {
    /// Directories in the order in which an index is looked for: the one with the index of a log that has
    /// come furthest and was not found damaged, then the others as they were named.
    ///
    /// - Parameters:
    ///   - directories: Where it may be; those that cannot be read have none.
    ///   - volume: The volume whose log it belongs to; nil if that is not known, and then no index is
    ///     of it.
    /// - Returns: The same directories.
    public static func ordered(_ directories: [String], volume: String?) -> [String] {
        guard directories.count > 1, let volume else { return directories }
        var furthest: (place: Int, applied: LogPosition)?
        for (place, directory) in directories.enumerated() where !isMarkedDamaged(in: directory) {
            guard let state = state(directory: directory), state.volume == volume,
                furthest.map({ state.applied > $0.applied }) ?? true
            else { continue }
            furthest = (place, state.applied)
        }
        guard let place = furthest?.place else { return directories }
        return [directories[place]] + directories[..<place] + directories[(place + 1)...]
    }

    /// Removes what a directory holds of an index that is in use elsewhere, as far as it can be removed.
    public static func forget(in directory: String) {
        discard(file(in: directory))
        clearDamagedMark(in: directory)
    }
}
