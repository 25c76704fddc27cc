import ArrayModel
import ArrayStorage
import Pictures

/// A picture of a plane of an array.
struct PreviewRequest: Hashable, Sendable {
    /// The form of a picture.
    enum Format: String, Hashable, Sendable, CaseIterable {
        case png
        case jpeg
    }

    let reference: ArrayReference
    var axes: [Int]?
    var indices: [Int]?
    /// Nil for what suits the type.
    var window: PictureRendering.Window?
    var map = ColourMap.grey
    var extentMax = ArrayServiceLimits.pictureExtentUsual
    var format = Format.png
}

/// Which chunks of an array are stored.
struct OccupancyRequest: Hashable, Sendable {
    /// The form of the answer.
    enum Format: String, Hashable, Sendable, CaseIterable {
        /// Totals, and the chunks page by page.
        case json
        /// A picture of two axes of the grid.
        case png
        /// The counts that it shows.
        case npy
    }

    let reference: ArrayReference
    var axes: [Int]?
    var extentMax = ArrayServiceLimits.pictureExtentUsual
    var format = Format.json
    var limit = 1000
    /// The last chunk of the page before.
    var cursor: [Int]?
}

extension RequestParameters {
    /// Reads a request for a picture.
    ///
    /// - Throws: ``ArrayServiceError/parameterInvalid(_:expected:)``.
    func previewRequest(
        of reference: ArrayReference
    ) throws(ArrayServiceError) -> PreviewRequest {
        var request = PreviewRequest(reference: reference)
        request.axes = try integers("axes", count: 2)
        request.indices = try integers("index", count: nil)
        if let pair = try numbers("window") { request.window = .fixed(pair.0, pair.1) }
        if let pair = try numbers("percentile") {
            guard request.window == nil, (0...100).contains(pair.0), (0...100).contains(pair.1)
            else {
                throw .parameterInvalid(
                    "percentile",
                    expected: "two numbers from 0 to 100, without window"
                )
            }
            request.window = .percentiles(pair.0, pair.1)
        }
        request.map = try choice("map", ColourMap.allCases) ?? .grey
        request.extentMax = try size()
        request.format = try choice("format", PreviewRequest.Format.allCases) ?? .png
        return request
    }

    /// Reads a request about occupancy.
    ///
    /// - Throws: ``ArrayServiceError/parameterInvalid(_:expected:)``.
    func occupancyRequest(
        of reference: ArrayReference
    ) throws(ArrayServiceError) -> OccupancyRequest {
        var request = OccupancyRequest(reference: reference)
        request.axes = try integers("axes", count: 2)
        request.extentMax = try size()
        request.format = try choice("format", OccupancyRequest.Format.allCases) ?? .json
        request.cursor = try integers("cursor", count: nil)
        if let text = text("limit") {
            let range = 1...ArrayServiceLimits.occupancyLimitMax
            guard let limit = Int(text), range.contains(limit) else {
                throw .parameterInvalid(
                    "limit",
                    expected: "a whole number from 1 to \(range.upperBound)"
                )
            }
            request.limit = limit
        }
        return request
    }

    private func size() throws(ArrayServiceError) -> Int {
        guard let text = text("size") else { return ArrayServiceLimits.pictureExtentUsual }
        let range = 1...ArrayServiceLimits.pictureExtentMax
        guard let size = Int(text), range.contains(size) else {
            throw .parameterInvalid(
                "size",
                expected: "a whole number from 1 to \(range.upperBound)"
            )
        }
        return size
    }

    private func choice<Choice: RawRepresentable>(
        _ name: String,
        _ choices: [Choice]
    ) throws(ArrayServiceError) -> Choice? where Choice.RawValue == String {
        guard let text = text(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let names = choices.map(\.rawValue).joined(separator: ", ")
            throw .parameterInvalid(name, expected: "one of \(names)")
        }
        return choice
    }

    private func integers(
        _ name: String,
        count: Int?
    ) throws(ArrayServiceError) -> [Int]? {
        guard let text = text(name) else { return nil }
        // An array without further axes has no index to give.
        let numbers = text.isEmpty ? [] : Self.entries(text)
        // What cannot be negated or added to an extent is no index of anything.
        let values = numbers.compactMap { Int($0) }.filter { $0 > .min / 2 && $0 < .max / 2 }
        let isRight = count.map { $0 == values.count } ?? (values.count <= ArrayLimits.rankMax)
        guard values.count == numbers.count, isRight else {
            throw .parameterInvalid(
                name,
                expected: count.map { "\($0) whole numbers" } ?? "a list of whole numbers"
            )
        }
        return values
    }

    private func numbers(_ name: String) throws(ArrayServiceError) -> (Double, Double)? {
        guard let text = text(name) else { return nil }
        let entries = Self.entries(text)
        let values = entries.compactMap(Self.number)
        guard values.count == 2, entries.count == 2 else {
            throw .parameterInvalid(name, expected: "two finite numbers")
        }
        return (values[0], values[1])
    }
}
