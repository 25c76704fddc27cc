import AdminService
import ArrayService
import HTTPServing
import S3Service

/// Sends each request to the service its path belongs to; everything that is not Nave's own is S3.
///
/// None of Nave's own paths can be a bucket: S3 names have at least three characters and begin with
/// a letter or digit.
struct Router: HTTPResponder {
    let objects: S3Service
    let arrays: ArrayService
    let administration: AdminService

    func answer(_ request: HTTPRequest) -> HTTPAnswer {
        let path = request.target.utf8
        if path.starts(with: "/v1/principals".utf8) || path.starts(with: "/-/".utf8) {
            return administration.answer(request)
        }
        if path.starts(with: "/v1/".utf8) { return arrays.answer(request) }
        return objects.answer(request)
    }
}
