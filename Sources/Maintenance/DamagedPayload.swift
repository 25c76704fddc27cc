import StorageModel

/// A payload that a backup found on no volume as it was written, and where those look for it who have it.
struct DamagedPayload: Hashable {
    /// What is told of it.
    let told: Disagreement
    /// Its blob, if it is in one.
    var blob: BlobID?
    /// Where its runs in the log begin.
    var positions: [LogPosition] = []
}
