import ObjectStorage
import StorageModel
import Synchronization

/// An event as it is told to all who follow its namespace.
struct SpelledEvent: Sendable {
    /// Its number.
    let number: Int64
    /// The name of the array or version.
    let name: String
    /// Whether it is one of a draft.
    let isOfDraft: Bool
    /// How it is spelled in a stream.
    let text: String
}

/// Events of namespaces, read from the index and spelled once for all who are equally far.
///
/// At most ``pagesMax`` pages of ``eventsMax`` events are kept, some hundred bytes each.
///
/// State: guarded by `state`; the index is read outside the lock.
final class EventPages: Sendable {
    /// Events that follow each other.
    struct Page: Sendable {
        /// The events.
        let events: [SpelledEvent]
        /// The newest event of any namespace before they were read.
        let newest: Int64

        /// Whether there may be more after them by now.
        var isFull: Bool { events.count == eventsMax }
    }

    private struct Place: Hashable {
        let namespace: LineID
        let after: Int64
    }

    private struct State {
        var pages: [Place: Page] = [:]
        /// The places, in the order in which they came.
        var order: [Place] = []
    }

    /// Events of a page.
    static let eventsMax = 256
    /// Pages that are kept.
    static let pagesMax = 64

    private let state = Mutex(State())

    /// The next events of a namespace after one.
    ///
    /// - Throws: `StoreError`.
    func page(
        of namespace: Namespace,
        after number: Int64,
        in store: ObjectStore
    ) throws(StoreError) -> Page {
        let place = Place(namespace: namespace.line, after: number)
        let newest = try store.newestEventNumber()
        let known = state.withLock { $0.pages[place] }
        if let known, known.isFull || known.newest == newest { return known }
        let events = try store.events(in: namespace, after: number, limit: Self.eventsMax)
        let page = Page(
            events: events.map { event in
                SpelledEvent(
                    number: event.number,
                    name: event.place.name,
                    isOfDraft: VersionName.isDraftTag(event.place.tag.utf8),
                    text: ChangesDocument.text(event, in: namespace)
                )
            },
            newest: newest
        )
        state.withLock { keep(page, at: place, &$0) }
        return page
    }

    private func keep(_ page: Page, at place: Place, _ state: inout State) {
        if state.pages.updateValue(page, forKey: place) == nil { state.order.append(place) }
        guard state.order.count > Self.pagesMax else { return }
        state.pages[state.order.removeFirst()] = nil
    }
}
