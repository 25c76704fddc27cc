import DiskIO
import Synchronization

/// Makes the same call on several volumes and waits for all.
///
/// One thread per volume but the first, whose call is made on the caller's thread.
struct VolumeThreads: Sendable {
    private let pool: BlockingPool?

    init(volumeCount: Int, _ calls: VolumeCalls) throws(DiskError) {
        pool =
            volumeCount > 1 && calls == .together
            ? try BlockingPool(name: "nave-volume", threadCount: volumeCount - 1) : nil
    }

    /// The results in the order of the values.
    func perform<Value: Sendable, Output: Sendable>(
        _ values: [Value],
        _ body: @escaping @Sendable (Value) throws(VolumeError) -> Output
    ) -> [Result<Output, VolumeError>] {
        guard let pool, values.count > 1 else {
            return values.map { value in Result { () throws(VolumeError) in try body(value) } }
        }
        let results = Results<Output>(count: values.count)
        var waiting = 0
        let done: WakeupSignal
        do throws(DiskError) {
            done = try WakeupSignal()
        } catch {
            return values.map { value in Result { () throws(VolumeError) in try body(value) } }
        }
        for (index, value) in values.enumerated().dropFirst() {
            let isTaken = pool.enqueue {
                results.set(Result { () throws(VolumeError) in try body(value) }, at: index)
                done.post()
            }
            if isTaken { waiting += 1 } else { results.set(.failure(.closed), at: index) }
        }
        results.set(Result { () throws(VolumeError) in try body(values[0]) }, at: 0)
        for _ in 0..<waiting { done.wait() }
        return results.all
    }

    private final class Results<Output: Sendable>: Sendable {
        private let results: Mutex<[Result<Output, VolumeError>]>

        init(count: Int) {
            results = Mutex(Array(repeating: .failure(.closed), count: count))
        }

        func set(_ result: Result<Output, VolumeError>, at index: Int) {
            results.withLock { $0[index] = result }
        }

        var all: [Result<Output, VolumeError>] { results.withLock { $0 } }
    }
}
