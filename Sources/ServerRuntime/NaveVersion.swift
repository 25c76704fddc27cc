/// The version of this build.
public enum NaveVersion {
    /// Semantic version; the first part grows when a client or a stored byte would notice.
    public static let current = "0.1.0"
}
