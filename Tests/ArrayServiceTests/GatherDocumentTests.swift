import ArrayModel
import Testing

@testable import ArrayService

/// Holds the reader of gathering requests against JSON's grammar, worked by hand.
@Suite struct GatherDocumentTests {
    @Test func `documents are read`() throws {
        let rows: [(String, GatherDocument)] = [
            (#"{"samples":[]}"#, .samples([])), (#"{"samples":[0]}"#, .samples([0])),
            (" {\n\"samples\" :\t[ 1 , -20,\r\n300 ] } ", .samples([1, -20, 300])),
            (#"{"samples":[9223372036854775807,-0]}"#, .samples([.max, 0])),
            (#"{"boxes":["0:1, 2",""]}"#, .boxes(["0:1, 2", ""])), (#"{"boxes":[]}"#, .boxes([])),
        ]
        for (text, expected) in rows {
            #expect(try GatherDocument(Array(text.utf8)) == expected, "\(text)")
        }
    }

    @Test func `anything else is refused`() {
        let rows = [
            "", "{", "{}", "[]", "null", #"{"samples"}"#, #"{"samples":}"#, #"{"samples":[1,]}"#,
            #"{"samples":[,1]}"#, #"{"samples":[1 2]}"#, #"{"samples":[01]}"#, #"{"samples":[-]}"#,
            #"{"samples":[1.0]}"#, #"{"samples":[1e3]}"#, #"{"samples":[+1]}"#, #"{"samples":[1]"#,
            #"{"samples":[1]}x"#, #"{"samples":[1],"boxes":[]}"#, #"{"samples":["1"]}"#,
            #"{"samples":[9223372036854775808]}"#, #"{"boxes":[1]}"#, #"{"boxes":["\u0030"]}"#,
            "{\"boxes\":[\"\n\"]}", #"{"boxes":["0]}"#, #"{"slices":[]}"#,
        ]
        for text in rows {
            #expect(throws: ArrayServiceError.self, "\(text)") {
                try GatherDocument(Array(text.utf8))
            }
        }
        let broken = Array(#"{"boxes":[""#.utf8) + [0xFF] + Array(#""]}"#.utf8)
        #expect(throws: ArrayServiceError.self) { try GatherDocument(broken) }
    }
}
