import StorageModel

/// The access control lists that Nave knows: S3's canned `private` and `public-read`.
///
/// Source: Amazon S3 User Guide, "Access control list (ACL) overview", canned ACLs.
public enum CannedAccess {
    /// The group of everybody, signed or not.
    public static let allUsers = "http://acs.amazonaws.com/groups/global/AllUsers"

    /// Takes the access that headers ask for; nil when they ask for none.
    ///
    /// - Throws: ``S3Error/notImplemented(feature:)`` for a canned list or grant that Nave has not,
    ///   ``S3Error/invalidArgument(name:value:)`` for a list that does not exist.
    public static func stated(in headers: HeaderList) throws(S3Error) -> NamespaceAccess? {
        if headers.hasField(withPrefix: "x-amz-grant-") {
            throw .notImplemented(feature: "x-amz-grant-… headers; use a canned ACL")
        }
        guard let text = headers["x-amz-acl"] else { return nil }
        switch text {
        // The two of the bucket's owner say nothing more: the owner owns every object.
        case "private", "bucket-owner-full-control", "bucket-owner-read": return .private
        case "public-read": return .publicRead
        case "public-read-write", "authenticated-read", "aws-exec-read", "log-delivery-write":
            throw .notImplemented(feature: "the canned ACL \(text)")
        default: throw .invalidArgument(name: "x-amz-acl", value: text)
        }
    }

    /// The access that a list in a document amounts to.
    ///
    /// - Parameters:
    ///   - document: The list.
    ///   - owner: The owner of the bucket.
    ///   - isKnown: Whether somebody has a name.
    /// - Returns: The access, if Nave has one that means the same.
    /// - Throws: ``S3Error/malformedACL`` when it is no such list,
    ///   ``S3Error/invalidArgument(name:value:)`` or ``S3Error/unresolvableGrant(email:)`` when it
    ///   names nobody, ``S3Error/notImplemented(feature:)`` when it grants anything but full control
    ///   to the owner and reading to everybody.
    public static func access(
        in document: [UInt8],
        owner: PrincipalName,
        isKnown: (String) -> Bool
    ) throws(S3Error) -> NamespaceAccess {
        let root: XMLElement
        do {
            root = try XMLReader.parse(document)
        } catch {
            throw .malformedACL
        }
        guard root.name == "AccessControlPolicy", let list = root.child("AccessControlList") else {
            throw .malformedACL
        }
        var access = NamespaceAccess.private
        for grant in list.children where grant.name == "Grant" {
            guard let grantee = grant.child("Grantee"),
                let permission = grant.text(of: "Permission")
            else { throw .malformedACL }
            if let email = grantee.text(of: "EmailAddress") {
                throw .unresolvableGrant(email: email)
            }
            if let name = grantee.text(of: "ID") {
                if name == owner.text, permission == "FULL_CONTROL" { continue }
                guard isKnown(name) else { throw .invalidArgument(name: "ID", value: name) }
            }
            guard grantee.text(of: "URI") == allUsers, permission == "READ" else {
                throw .notImplemented(
                    feature: "grants other than the owner's full control and public reading"
                )
            }
            access = .publicRead
        }
        return access
    }

    /// Writes the list of a bucket or object.
    public static func document(owner: PrincipalName, access: NamespaceAccess) -> [UInt8] {
        var xml = XMLWriter()
        xml.openRoot("AccessControlPolicy")
        xml.owner(owner)
        xml.open("AccessControlList")
        switch access {
        case .private: break
        case .publicRead:
            xml.append("<Grant>")
            xml.openGrantee("Group")
            xml.element("URI", allUsers)
            xml.append("</Grantee><Permission>READ</Permission></Grant>")
        }
        xml.append("<Grant>")
        xml.openGrantee("CanonicalUser")
        xml.element("ID", owner.text)
        xml.element("DisplayName", owner.text)
        xml.append("</Grantee><Permission>FULL_CONTROL</Permission></Grant>")
        xml.close("AccessControlList")
        xml.close("AccessControlPolicy")
        return xml.bytes
    }
}

extension XMLWriter {
    fileprivate mutating func openGrantee(_ type: StaticString) {
        append("<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"")
        append(type)
        append("\">")
    }

    /// Writes an `Owner`; a principal's name is its identifier as well.
    mutating func owner(_ owner: PrincipalName) {
        open("Owner")
        element("ID", owner.text)
        element("DisplayName", owner.text)
        close("Owner")
    }
}
