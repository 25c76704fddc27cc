import StorageModel
import Testing

/// Checks which keys name metadata.
///
/// Method: names as Zarr v2 and v3 and the original Hub client have them, at the root and in folders, and
/// names that begin or end alike.
@Suite struct CatalogFileTests {
    @Test(arguments: CatalogFile.allCases)
    func `a key names a file by all of its last segment`(_ file: CatalogFile) {
        let name = file.fileName
        for key in [name, "a/\(name)", "a:b/c d/\(name)", "/\(name)"] {
            #expect(CatalogFile(key: key) == file)
            #expect(CatalogFile.namesMetadata(key))
        }
        for key in ["x\(name)", "\(name)x", "\(name)/", "\(name)/0", "a/-\(name)", "é\(name)"] {
            #expect(CatalogFile(key: key) == nil)
            #expect(!CatalogFile.namesMetadata(key))
        }
        #expect(CatalogFile(key: String(name.dropFirst())) == nil)
    }

    @Test func `attributes and consolidated metadata are metadata and no file that decides`() {
        for name in [".zattrs", ".zmetadata"] {
            for key in [name, "a/b/\(name)"] {
                #expect(CatalogFile(key: key) == nil)
                #expect(CatalogFile.namesMetadata(key))
            }
            #expect(!CatalogFile.namesMetadata("a/x\(name)"))
            #expect(!CatalogFile.namesMetadata("a/\(name)/0"))
        }
        for key in ["", "0.0.0", "c/0/1", "a/n", "t", "s", "a"] {
            #expect(!CatalogFile.namesMetadata(key))
        }
    }
}
