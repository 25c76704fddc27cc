import StorageModel

extension Extent {
    /// The place of a run as an operator finds it below the directory of a volume.
    public func place(below directory: String) -> String {
        let layout = VolumeLayout(directory: directory)
        switch self {
        case .inline(let position, let lengthBytes, _):
            let end = position.bytes + Int64(lengthBytes)
            return "\(layout.log), bytes \(position.bytes) to \(end)"
        case .blob(let id, let offset, let lengthBytes):
            let file = layout.blob(id)
            // The whole file is meant where no length is given.
            return lengthBytes == 0 ? file : "\(file), bytes \(offset) to \(offset + lengthBytes)"
        }
    }
}
