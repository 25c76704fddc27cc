import Testing

/// Checks the reader that the tidy tests lean on, with hand-written rows.
@Suite struct SwiftTextTests {
    @Test func `braces in strings and comments do not count`() {
        let text = SwiftText(
            """
            func one() {
                let a = "}" // }
                /* } */ print("\\(a + "}")")
                let raw = #"}"#
            }

            private func two() -> Int { 2 }
            """
        )
        let functions = text.functions()
        #expect(functions.map(\.name) == ["one()", "two()"])
        #expect(functions.map(\.lines) == [1...5, 7...7])
    }

    @Test func `a requirement without a body is no function`() {
        let text = SwiftText(
            """
            protocol P {
                func first(_ a: Int) throws -> Int

                mutating func second()
            }
            """
        )
        #expect(text.functions().isEmpty)
    }

    @Test func `declarations over several lines are measured whole`() {
        let text = SwiftText(
            """
            public init(
                first: Int = { 1 }(),
                second: Int
            ) throws(E) {
                body()
            }
            """
        )
        #expect(text.functions().map(\.lines) == [1...6])
    }
}
