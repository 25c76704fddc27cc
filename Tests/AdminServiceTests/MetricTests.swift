import Testing

@testable import AdminService

/// Checks metrics against the examples and rules of Prometheus's text format.
@Suite struct MetricTests {
    @Test func `counters, gauges and histograms are written as the format says`() {
        let metrics = [
            Metric(
                "http_requests_total",
                .counter,
                "The total number of HTTP requests.",
                [
                    Metric.Sample(1027, labels: [.init("method", "post"), .init("code", "200")]),
                    Metric.Sample(3, labels: [.init("method", "post"), .init("code", "400")]),
                ]
            ),
            Metric("ratio", .gauge, "A share.", 0.25),
            Metric(
                histogram: "http_request_duration_seconds",
                "A histogram of the request duration.",
                bounds: [0.05, 1, 2.5],
                within: [24_054, 133_988, 144_320],
                sum: 53_423.5,
                count: 144_321
            ),
        ]
        // Source: prometheus.io, "Exposition formats", the example of the text-based format.
        #expect(
            MetricsText.text(metrics) == """
                # HELP http_requests_total The total number of HTTP requests.
                # TYPE http_requests_total counter
                http_requests_total{method="post",code="200"} 1027
                http_requests_total{method="post",code="400"} 3
                # HELP ratio A share.
                # TYPE ratio gauge
                ratio 0.25
                # HELP http_request_duration_seconds A histogram of the request duration.
                # TYPE http_request_duration_seconds histogram
                http_request_duration_seconds_bucket{le="0.05"} 24054
                http_request_duration_seconds_bucket{le="1"} 133988
                http_request_duration_seconds_bucket{le="2.5"} 144320
                http_request_duration_seconds_bucket{le="+Inf"} 144321
                http_request_duration_seconds_sum 53423.5
                http_request_duration_seconds_count 144321

                """
        )
    }

    @Test func `texts are escaped and odd numbers have their names`() {
        let metric = Metric(
            "msdos_file_access_time_seconds",
            .gauge,
            "One \\ two\nlines \"quoted\"",
            [
                Metric.Sample(.nan, labels: [.init("path", "C:\\DIR\\F.TXT")]),
                Metric.Sample(.infinity, labels: [.init("error", "no \"x\"\nfound")]),
                Metric.Sample(-.infinity),
                Metric.Sample(1e300),
                Metric.Sample(9_007_199_254_740_992),
            ]
        )
        #expect(
            MetricsText.text([metric]) == #"""
                # HELP msdos_file_access_time_seconds One \\ two\nlines "quoted"
                # TYPE msdos_file_access_time_seconds gauge
                msdos_file_access_time_seconds{path="C:\\DIR\\F.TXT"} NaN
                msdos_file_access_time_seconds{error="no \"x\"\nfound"} +Inf
                msdos_file_access_time_seconds -Inf
                msdos_file_access_time_seconds 1e+300
                msdos_file_access_time_seconds 9007199254740992

                """#
        )
    }
}
