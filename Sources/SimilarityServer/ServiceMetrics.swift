// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// What the service has done, as Prometheus reads it (text format 0.0.4).
final class ServiceMetrics: Sendable {
    /// Times of answers by their upper bounds in seconds.
    private static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    private struct Route {
        var counts: [Int: Int] = [:]
        var times = [Int](repeating: 0, count: bounds.count + 1)
        var seconds = 0.0
    }

    private struct State {
        var routes: [String: Route] = [:]
        var texts = 0
        var tokens = 0
        var queries = 0
    }

    private let state = Mutex(State())

    /// Counts an answer.
    func answered(_ route: String, status: Int, seconds: Double) {
        let place = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
        state.withLock { state in
            state.routes[route, default: Route()].counts[status, default: 0] += 1
            state.routes[route, default: Route()].times[place] += 1
            state.routes[route, default: Route()].seconds += seconds
        }
    }

    /// Counts texts that got their vectors.
    func embedded(texts: Int, tokens: Int) {
        state.withLock { state in
            state.texts += texts
            state.tokens += tokens
        }
    }

    /// Counts queries that got their neighbors.
    func searched(queries: Int) { state.withLock { $0.queries += queries } }

    /// - Parameter gauges: What is so now: name, help and value.
    func text(gauges: [(name: String, help: String, value: Double)]) -> String {
        let state = state.withLock { $0 }
        var lines: [String] = []
        func head(_ name: String, _ type: String, _ help: String) {
            lines += ["# HELP simile_\(name) \(help)", "# TYPE simile_\(name) \(type)"]
        }
        let routes = state.routes.sorted { $0.key < $1.key }
        head("requests_total", "counter", "Requests that were answered.")
        for (name, route) in routes {
            for (status, count) in route.counts.sorted(by: { $0.key < $1.key }) {
                lines.append("simile_requests_total{route=\"\(name)\",status=\"\(status)\"} \(count)")
            }
        }
        head("request_duration_seconds", "histogram", "Seconds from the end of a request to its answer.")
        for (name, route) in routes {
            var sum = 0
            for (bound, count) in zip(Self.bounds.map { "\($0)" } + ["+Inf"], route.times) {
                sum += count
                lines.append("simile_request_duration_seconds_bucket{route=\"\(name)\",le=\"\(bound)\"} \(sum)")
            }
            lines.append("simile_request_duration_seconds_sum{route=\"\(name)\"} \(route.seconds)")
            lines.append("simile_request_duration_seconds_count{route=\"\(name)\"} \(sum)")
        }
        for (name, help, value) in [
            ("texts_total", "Texts that got their vectors.", state.texts),
            ("tokens_total", "Tokens of these texts.", state.tokens),
            ("queries_total", "Queries that got their neighbors.", state.queries),
        ] {
            head(name, "counter", help)
            lines.append("simile_\(name) \(value)")
        }
        for (name, help, value) in gauges {
            head(name, "gauge", help)
            lines.append("simile_\(name) \(value)")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
