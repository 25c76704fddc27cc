import DiskIO
import Foundation
import Synchronization
import Testing

@testable import Volumes

/// Checks that a failed flush is told to everybody who flushed meanwhile.
///
/// Method: a file that behaves as one of Linux does: a failure to write it goes to the one call that was
/// waiting for it, and the next succeeds.
@Suite(.timeLimit(.minutes(1))) struct VolumeHealthTests {
    final class StallingFile: OpenFile {
        let path = "log"
        private let calls = Mutex(0)
        private let released = Mutex(false)

        var callCount: Int { calls.withLock { $0 } }

        func release() { released.withLock { $0 = true } }

        func synchronizeData() throws(DiskError) {
            let number = calls.withLock { calls in
                calls += 1
                return calls
            }
            guard number == 1 else { return }
            while !released.withLock({ $0 }) { usleep(1000) }
            throw DiskError(errorNumber: EIO, .synchronizeData, path: path)
        }

        func readOnce(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64)
            throws(DiskError) -> Int
        { 0 }

        func readCachedOnce(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64)
            throws(DiskError) -> Int?
        { nil }

        func writeOnce(_ runs: [UnsafeRawBufferPointer], at offset: Int64)
            throws(DiskError) -> Int
        { runs.reduce(0) { $0 + $1.count } }

        func startWriteback(_ range: Range<Int64>) throws(DiskError) {}
        func truncate(to sizeBytes: Int64) throws(DiskError) {}
        func punchHole(_ range: Range<Int64>) throws(DiskError) {}
        func sizeBytes() throws(DiskError) -> Int64 { 0 }
        func expectSequentialReading() {}
    }

    private static func synchronize(
        _ file: StallingFile,
        _ health: VolumeHealth
    ) async -> Result<Void, VolumeError> {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    returning: Result { () throws(VolumeError) in try health.synchronize(file) }
                )
            }
        }
    }

    private static func isFailed(_ result: Result<Void, VolumeError>) -> Bool {
        if case .failure(.volumeFailed) = result { true } else { false }
    }

    @Test func `whoever flushes while a flush fails is told so`() async throws {
        let file = StallingFile()
        let health = VolumeHealth()
        async let first = Self.synchronize(file, health)
        while file.callCount == 0 { try await Task.sleep(for: .milliseconds(1)) }
        async let second = Self.synchronize(file, health)
        // Time for a second flush that does not wait for the first.
        try await Task.sleep(for: .milliseconds(50))
        file.release()
        #expect(Self.isFailed(await first))
        #expect(Self.isFailed(await second))
        #expect(!health.isWritable)
    }

    @Test func `what was written before something else failed is flushed all the same`() throws {
        let file = StallingFile()
        file.release()
        let other = VolumeHealth()
        _ = Result { () throws(VolumeError) in try other.synchronize(file) }
        #expect(file.callCount == 1)
        _ = Result { () throws(VolumeError) in try other.synchronize(file) }
        #expect(file.callCount == 2)
    }
}
