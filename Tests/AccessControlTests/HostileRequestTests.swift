import SeededRandom
import StorageModel
import Testing

@testable import AccessControl

/// Checks that no request, however mangled, does more than fail.
///
/// Method: good requests with seeded random bytes changed, removed, doubled or cut.
@Suite struct HostileRequestTests {
    @Test func `mangled requests are refused or are the same request`() {
        let verifier = SignatureVerifier()
        var random = SeededGenerator(seed: 2026)
        var accepted = 0
        for round in 0..<20_000 {
            let good =
                round.isMultiple(of: 2)
                ? WorkedExampleTests.presigned
                : WorkedExampleTests.examples[round / 2 % WorkedExampleTests.examples.count].head
            let head = Self.mangled(good, &random)
            guard
                let verified = try? verifier.verify(
                    head,
                    now: ExampleKeys.time,
                    principalFor: ExampleKeys.find
                )
            else { continue }
            if verified.principal != nil { accepted += 1 }
        }
        // Only changes of what is not signed or of mere form can pass, such as the case of a name.
        #expect(accepted < 6000)
    }

    @Test func `times of any text are read or refused`() {
        var random = SeededGenerator(seed: 4)
        for _ in 0..<5000 {
            let basic = Self.mangled(Array("20130524T000000Z".utf8), &random)
            if let time = SigningTime(basic: basic), time.text.starts(with: "2013052".utf8) {
                #expect(abs(time.time.milliseconds - ExampleKeys.time.milliseconds) < 864_000_000)
            }
            _ = SigningTime(
                httpDate: Self.mangled(Array("Fri, 24 May 2013 00:00:00 GMT".utf8), &random)
            )
        }
        for days in stride(from: Int64(-800_000), through: 2_900_000, by: 997) {
            let time = WallTime(milliseconds: days * 86_400_000 + 3_723_000)
            let text = SigningTime(time).text
            guard days > -700_000 else { continue }
            #expect(SigningTime(basic: text)?.time == time)
        }
    }

    private static func mangled(_ head: RequestHead, _ random: inout SeededGenerator) -> RequestHead
    {
        var target = head.target
        var headers = head.headers
        switch Int.random(in: 0..<4, using: &random) {
        case 0: target = text(mangled(Array(target.utf8), &random))
        case 1 where !headers.isEmpty:
            let index = Int.random(in: 0..<headers.count, using: &random)
            headers[index].name = text(mangled(Array(headers[index].name.utf8), &random))
        case 2 where !headers.isEmpty:
            let index = Int.random(in: 0..<headers.count, using: &random)
            headers[index].value = text(mangled(Array(headers[index].value.utf8), &random))
        default:
            headers.append(
                ("x-" + text(mangled([97, 98], &random)), text(mangled([1, 2], &random)))
            )
        }
        return RequestHead(method: head.method, target: target, headers: headers)
    }

    static func mangled(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0...Int.random(in: 0...2, using: &random) {
            guard !bytes.isEmpty else { break }
            let index = Int.random(in: 0..<bytes.count, using: &random)
            let special = Array("%&=;/?,: +\0\n\u{7f}Z9".utf8)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes[index] = special[Int.random(in: 0..<special.count, using: &random)]
            case 2: bytes.remove(at: index)
            case 3: bytes.insert(contentsOf: bytes[index...].prefix(20), at: index)
            default: bytes.removeSubrange(index...)
            }
        }
        return bytes
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
