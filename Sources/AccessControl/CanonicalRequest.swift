import Checksums

/// The text whose digest a signature covers.
///
/// S3 differs from the other services: the path is not normalised and is encoded once.
///
/// Source: AWS Signature Version 4, "Create a canonical request" and "Create a string to sign".
struct CanonicalRequest {
    /// How the path enters the text.
    enum PathForm {
        /// Decoded, then encoded by AWS's rules; what every SDK signs.
        case encodedAgain
        /// As it was sent; what clients with encoding rules of their own sign.
        case asSent
    }

    /// The text.
    let bytes: [UInt8]

    init(
        method: String,
        path: ArraySlice<UInt8>,
        pathForm: PathForm,
        query: borrowing QueryTable,
        headers: borrowing HeaderTable,
        signedHeaders: borrowing SignedHeaderList,
        payload: ArraySlice<UInt8>
    ) {
        let newline = UInt8(ascii: "\n")
        var text: [UInt8] = []
        text.reserveCapacity(
            256 + path.count + query.bytes.count + headers.bytes.count
                + signedHeaders.text.count
        )
        text.append(contentsOf: method.utf8)
        text.append(newline)
        switch pathForm {
        case _ where path.isEmpty:
            text.append(UInt8(ascii: "/"))
        case .encodedAgain:
            PercentCoding.appendCanonical(path, slash: .kept, plus: .plus, to: &text)
        case .asSent:
            text.append(contentsOf: path)
        }
        text.append(newline)
        query.appendCanonical(excluding: "X-Amz-Signature", to: &text)
        text.append(newline)
        for name in signedHeaders.names {
            text.append(contentsOf: signedHeaders.text[name])
            text.append(UInt8(ascii: ":"))
            headers.appendValues(of: signedHeaders.text, name, to: &text)
            text.append(newline)
        }
        text.append(newline)
        text.append(contentsOf: signedHeaders.text)
        text.append(newline)
        text.append(contentsOf: payload)
        bytes = text
    }

    /// The text that is signed.
    func stringToSign(timestamp: [UInt8], scope: ArraySlice<UInt8>) -> [UInt8] {
        let newline = UInt8(ascii: "\n")
        var text: [UInt8] = []
        text.reserveCapacity(100 + timestamp.count + scope.count)
        text.append("AWS4-HMAC-SHA256\n")
        text.append(contentsOf: timestamp)
        text.append(newline)
        text.append(contentsOf: scope)
        text.append(newline)
        withUnsafeTemporaryAllocation(byteCount: SHA256.digestBytes, alignment: 8) { digest in
            var hash = SHA256()
            hash.update(bytes)
            hash.finalize(into: digest)
            appendDigits(UnsafeRawBufferPointer(digest), to: &text)
        }
        return text
    }
}
