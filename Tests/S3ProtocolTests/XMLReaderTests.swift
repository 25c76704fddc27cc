import S3Protocol
import SeededRandom
import Testing

/// Checks the strict reader of documents.
///
/// Method: documents of the kind S3 clients send, the constructs of XML 1.0 that must be refused,
/// and seeded damage to a good document, none of which may trap.
@Suite struct XMLReaderTests {
    static func parse(_ text: String) throws -> XMLElement {
        try XMLReader.parse(Array(text.utf8))
    }

    @Test func `reads elements, text, references, CDATA, comments and attributes`() throws {
        let root = try Self.parse(
            """
            \u{FEFF}<?xml version="1.0" encoding="UTF-8"?>
            <!-- a list -->
            <s3:Delete xmlns:s3="http://s3.amazonaws.com/doc/2006-03-01/" a='1'>
              <Object><Key>a&amp;b&lt;&gt;&quot;&apos;&#x41;&#66;</Key><Empty/></Object>
              <Object><Key><![CDATA[<x>&amp;]]>!</Key></Object><!-- end -->
            </s3:Delete>

            """
        )
        #expect(root.name == "Delete")
        #expect(root.children.map(\.name) == ["Object", "Object"])
        #expect(root.children[0].text(of: "Key") == "a&b<>\"'AB")
        #expect(root.children[0].child("Empty") == XMLElement(name: "Empty"))
        #expect(root.children[1].text(of: "Key") == "<x>&amp;!")
    }

    @Test(arguments: [
        "", "   ", "text", "<a>", "<a></b>", "<a/><b/>", "<a></a>x", "</a>", "<a b></a>",
        "<a b=c/>", "<a b=\"1\" b=\"2\"/>", "<a b=\"<\"/>", "<a b=\"1\"c=\"2\"/>", "<1a/>", "<a",
        "<a>&nbsp;</a>", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&#x110000;</a>", "<a>&#-1;</a>",
        "<a>&unfinished</a>", "<a>\u{1}</a>", "<!DOCTYPE a><a/>",
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "<?php ?><a/>", "<a><?x ?></a>",
        "<a><![CDATA[x</a>", "<a><!-- x</a>", "<?xml version=\"1.0\"",
    ])
    func `refuses what is not well formed or not taken`(_ text: String) {
        #expect(throws: XMLError.notWellFormed) { try Self.parse(text) }
    }

    @Test func `refuses bytes that are not UTF-8`() {
        #expect(throws: XMLError.notWellFormed) {
            try XMLReader.parse(Array("<a>".utf8) + [0xFF] + Array("</a>".utf8))
        }
    }

    @Test func `bounds depth, count and length`() throws {
        let deepest = XMLReader.depthMax
        let nested =
            String(repeating: "<a>", count: deepest)
            + String(repeating: "</a>", count: deepest)
        #expect(try Self.parse(nested).name == "a")
        let deeper = String(repeating: "<a>", count: 500_000)
        #expect(throws: XMLError.tooComplex) { try Self.parse(deeper) }
        let many = "<a>" + String(repeating: "<b/>", count: XMLReader.elementsMax) + "</a>"
        #expect(throws: XMLError.tooComplex) { try Self.parse(many) }
        let long = "<a>" + String(repeating: " ", count: XMLReader.documentBytesMax) + "</a>"
        #expect(throws: XMLError.tooLong) { try Self.parse(long) }
    }

    @Test func `damaged documents are read or refused, never a trap`() {
        let good = Array(
            "<?xml version='1.0'?><Delete a='b'><Object><Key>k&#x41;&amp;</Key></Object><!--c--></Delete>"
                .utf8
        )
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0...Int.random(in: 0...3, using: &generator) where !bytes.isEmpty {
                let at = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[at] = good[Int.random(in: 0..<good.count, using: &generator)]
                case 1: bytes.remove(at: at)
                default: bytes.removeLast(min(at, bytes.count - 1))
                }
            }
            _ = try? XMLReader.parse(bytes)
            _ = try? DeletionDocument(bytes)
        }
    }
}
