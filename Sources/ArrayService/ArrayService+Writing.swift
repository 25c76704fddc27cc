import AccessControl
import ArrayModel
import ArrayStorage
import HTTPServing
import NIOCore
import NIOHTTP1
import ObjectStorage
import StorageModel

extension ArrayService {
    /// Answers a request that changes something.
    func write(
        _ request: ArrayWriteRequest,
        _ caller: Caller,
        _ body: HTTPRequestBody
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let namespace = try namespace(request.reference.namespace, for: caller, .write)
        let condition = try WriteCondition(request, caller.request.headers)
        let body = try SignedBody(body, caller.signing)
        let writer = writer.acting(as: caller.principal?.name)
        switch request {
        case .create(let reference):
            return try await create(reference, in: namespace, condition, body, writer)
        case .update(let reference):
            return try await update(reference, in: namespace, condition, body, writer)
        case .delete(let reference):
            return try await delete(reference, in: namespace, body, writer)
        case .region(let wanted): return try await write(wanted, in: namespace, body, writer)
        case .append(let wanted): return try await append(wanted, in: namespace, body, writer)
        }
    }

    // MARK: - Elements

    private func write(
        _ wanted: RegionWriteRequest,
        in namespace: Namespace,
        _ body: SignedBody,
        _ writer: ArrayWriter
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let array: ResolvedArray
        do throws(ArrayCatalogError) {
            array = try await catalog.resolve(wanted.reference, in: namespace)
        } catch {
            throw .catalog(error)
        }
        let selection = try selection(wanted.slice, of: array)
        guard selection.isUnrepeated, selection.newAxes.isEmpty else { throw .sliceNotWritable }
        var intake = ElementIntake(body, writer)
        let taken: TakenElements
        switch wanted.format {
        case .npy: taken = try await intake.file()
        case .raw:
            let dataType = array.metadata.dataType
            let layout = NPYLayout(
                dataType: dataType,
                byteOrder: dataType.swapUnitBytes > 1 ? .little : nil,
                shape: selection.shape,
                order: .rowMajor
            )
            taken = try await intake.elements(layout)
        }
        let receipt: WriteReceipt
        do throws(ArrayWriteError) {
            receipt = try await writer.write(wanted.reference, array, selection, taken.block)
        } catch {
            throw .write(error)
        }
        withExtendedLifetime(taken.reservation) {}
        return .document(
            .members([
                "reference": .string(wanted.reference.text),
                "slice": .string(wanted.slice),
                "shape": .integers(selection.shape),
                "dtype": .string(array.metadata.dataType.name),
                "chunks_written": .integer(receipt.chunks),
                "sequence": .integer(receipt.sequence),
            ])
        )
    }

    private func append(
        _ wanted: AppendRequest,
        in namespace: Namespace,
        _ body: SignedBody,
        _ writer: ArrayWriter
    ) async throws(ArrayServiceError) -> HTTPResponse {
        // What is missing is told before the elements are sent.
        do throws(ArrayCatalogError) {
            _ = try await catalog.resolve(wanted.reference, in: namespace)
        } catch {
            throw .catalog(error)
        }
        var intake = ElementIntake(body, writer)
        let taken = try await intake.file()
        let appended: AppendReceipt
        do throws(ArrayWriteError) {
            appended = try await writer.append(
                wanted.reference,
                in: namespace,
                axis: wanted.axis,
                taken.block
            )
        } catch {
            throw .write(error)
        }
        withExtendedLifetime(taken.reservation) {}
        return .document(
            .members([
                "reference": .string(wanted.reference.text),
                "axis": .integer(appended.axis),
                "start": .integer(appended.range.lowerBound),
                "stop": .integer(appended.range.upperBound),
                "shape": .integers(appended.shape),
                "chunks_written": .integer(appended.receipt.chunks),
                "sequence": .integer(appended.receipt.sequence),
            ])
        )
    }

    // MARK: - Arrays

    private func create(
        _ reference: ArrayReference,
        in namespace: Namespace,
        _ condition: WriteCondition,
        _ body: SignedBody,
        _ writer: ArrayWriter
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let document = try await document(body)
        let specification: ArraySpecification
        do throws(ArraySpecificationError) {
            specification = try ArraySpecification(document)
        } catch {
            throw .body(.specification(error))
        }
        do throws(ArrayWriteError) {
            try await writer.create(specification, reference, in: namespace)
        } catch {
            if case .arrayExists = error, condition == .absent {
                throw .view(.preconditionFailed(header: "If-None-Match"))
            }
            throw .write(error)
        }
        var response = try await described(reference, in: namespace)
        response.status = .created
        return response
    }

    private func update(
        _ reference: ArrayReference,
        in namespace: Namespace,
        _ condition: WriteCondition,
        _ body: SignedBody,
        _ writer: ArrayWriter
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let document = try await document(body)
        var update: ArrayUpdate
        do throws(ArraySpecificationError) {
            update = try ArrayUpdate(document)
        } catch {
            throw .body(.specification(error))
        }
        if case .states(let states) = condition { update.states = states }
        do throws(ArrayWriteError) {
            _ = try await writer.update(reference, in: namespace, update)
        } catch {
            throw .write(error)
        }
        return try await described(reference, in: namespace)
    }

    private func delete(
        _ reference: ArrayReference,
        in namespace: Namespace,
        _ body: SignedBody,
        _ writer: ArrayWriter
    ) async throws(ArrayServiceError) -> HTTPResponse {
        var body = body
        _ = try await body.collect(upTo: ArrayServiceLimits.ignoredBodyBytesMax)
        let deleted: Int?
        do throws(ArrayWriteError) {
            deleted = try await writer.delete(reference, in: namespace)
        } catch {
            throw .write(error)
        }
        return .document(
            .members([
                "reference": .string(reference.text),
                "deleted_keys": deleted.map { .integer($0) } ?? .null,
            ])
        )
    }

    private func document(_ body: SignedBody) async throws(ArrayServiceError) -> JSONValue {
        var body = body
        let bytes = try await body.collect(upTo: ArrayLimits.metadataBytesMax)
        do throws(JSONError) {
            return try JSONValue(parsing: bytes, repetition: .refused)
        } catch {
            throw .body(.malformed(error))
        }
    }

    /// The description of an array or group, as a read of it answers.
    private func described(
        _ reference: ArrayReference,
        in namespace: Namespace
    ) async throws(ArrayServiceError) -> HTTPResponse {
        let tagged = ArrayReference(
            namespace: reference.namespace,
            name: reference.name,
            explicitTag: reference.tag,
            member: reference.member
        )
        do throws(ArrayCatalogError) {
            switch try await catalog.describe(tagged, in: namespace) {
            case .single(let single), .group(let single, _):
                return .document(DescriptionDocument.value(single, .described))
            case .versions:
                throw ArrayCatalogError.metadataReplaced(reference)
            }
        } catch {
            throw .catalog(error)
        }
    }
}

extension ArrayUpdate {
    private static let known = ["shape", "attributes", "attribute_policy"]

    /// Reads the JSON of a request to change an array.
    ///
    /// - Throws: ``ArraySpecificationError``.
    fileprivate init(_ document: JSONValue) throws(ArraySpecificationError) {
        guard let members = document.members else { throw .notObject }
        for member in members where !Self.known.contains(member.name) {
            throw .memberUnknown(member.name, allowed: Self.known)
        }
        guard document["shape"] != nil || document["attributes"] != nil else {
            throw .membersMissing(["shape", "attributes"])
        }
        self.init(
            shape: try Self.shape(document),
            attributes: try Self.attributes(document),
            attributePolicy: try Self.policy(document)
        )
    }

    private static func shape(_ document: JSONValue) throws(ArraySpecificationError) -> [Int]? {
        guard let value = document["shape"] else { return nil }
        return try ArraySpecification.extents(value, member: "shape")
    }

    private static func attributes(
        _ document: JSONValue
    ) throws(ArraySpecificationError) -> JSONValue? {
        guard let value = document["attributes"] else { return nil }
        guard value.members != nil else {
            throw .memberInvalid("attributes", expected: "an object")
        }
        return value
    }

    private static func policy(
        _ document: JSONValue
    ) throws(ArraySpecificationError) -> AttributePolicy {
        guard let value = document["attribute_policy"] else { return .merge }
        guard let policy = value.string.flatMap(AttributePolicy.init) else {
            let names = AttributePolicy.allCases.map(\.rawValue).joined(separator: " or ")
            throw .memberInvalid("attribute_policy", expected: names)
        }
        return policy
    }
}
