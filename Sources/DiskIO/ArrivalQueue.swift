/// Elements in the order in which they came.
///
/// Both ends cost the same however many there are, on average.
struct ArrivalQueue<Element> {
    /// The elements; those before `first` were taken.
    private var elements: [Element?] = []
    private var first = 0

    /// Whether there is none.
    var isEmpty: Bool { first == elements.count }

    /// Puts an element at the end.
    mutating func append(_ element: Element) {
        elements.append(element)
    }

    /// Takes the oldest element, if there is one.
    mutating func popFirst() -> Element? {
        guard first < elements.count else { return nil }
        let element = elements[first]
        elements[first] = nil
        first += 1
        if first == elements.count || first == 1024 {
            elements.removeFirst(first)
            first = 0
        }
        return element
    }
}
