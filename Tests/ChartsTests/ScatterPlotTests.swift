// SPDX-License-Identifier: Apache-2.0
//
// The marks of a picture: one for each point, where it belongs, in the color of its group; axes; text that cannot become markup or script.

import Charts
import Foundation
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

@Suite struct ScatterPlotTests {
    private func plot(_ labels: [String] = ["a", "b", "c"], hasAxes: Bool = true) -> ScatterPlot {
        let places = [(0.1, 0.1), (0.95, 0.9), (0.96, 0.87)]
        let points = labels.enumerated().map { i, label in
            ScatterPlot.Point(x: places[i % 3].0, y: places[i % 3].1, label: label, group: i % 2 == 0 ? 0 : nil)
        }
        return ScatterPlot(title: "t & <u>", points: points, groups: ["first <b>"], hasAxes: hasAxes)
    }

    private func svg(_ plot: ScatterPlot) -> String {
        var text = ""
        plot.writeSVG { text += $0 }
        return text
    }

    private func html(_ plot: ScatterPlot) -> String {
        var text = ""
        plot.writeHTML { text += $0 }
        return text
    }

    /// Attributes of all elements of a name.
    private func elements(_ name: String, _ text: String) throws -> [[String: String]] {
        let document = try XMLDocument(xmlString: text)
        let nodes = try document.nodes(forXPath: "//*[local-name()='\(name)']")
        return nodes.compactMap { $0 as? XMLElement }.map { element in
            Dictionary(uniqueKeysWithValues: (element.attributes ?? []).map { ($0.name ?? "", $0.stringValue ?? "") })
        }
    }

    @Test func `every point is a mark in its place`() throws {
        let text = svg(plot())
        let circles = try elements("circle", text)
        #expect(circles.count == 3)
        let x = circles.compactMap { $0["cx"].flatMap { Double($0) } }
        let y = circles.compactMap { $0["cy"].flatMap { Double($0) } }
        // One scale in both directions, up is up.
        #expect(x[0] < x[1] && x[1] < x[2] && y[0] > y[2] && y[2] > y[1])
        let scale = (x[1] - x[0]) / 0.85
        #expect(abs((y[0] - y[1]) / 0.8 - scale) < 0.5 && abs((x[2] - x[0]) / 0.86 - scale) < 0.5)
        #expect(circles[0]["fill"] == circles[2]["fill"] && circles[0]["fill"] != circles[1]["fill"])
        #expect(x.allSatisfy { (40...920).contains($0) } && y.allSatisfy { (40...920).contains($0) })
    }

    @Test func `axes have numbers, and only where places mean something`() throws {
        #expect(svg(plot()).contains(">0.5<") || svg(plot()).contains(">0.6<"))
        #expect(try elements("line", svg(plot())).count > 6)
        #expect(try elements("line", svg(plot(hasAxes: false))).isEmpty)
    }

    @Test func `no text becomes markup or script`() throws {
        let hostile = [
            "</script><script>alert(1)</script>", "\u{0}\u{1B}\u{FFFF} \"&<", "\u{2028}\\\"']]>", "e\u{301}<\u{301}",
        ]
        for labels in [hostile, hostile + (0..<100).map { "\($0)" }] {
            let plot = plot(labels)
            #expect(try elements("circle", svg(plot)).count == labels.count)
            #expect(try elements("script", svg(plot)).isEmpty)
            let page = html(plot)
            #expect(
                page.components(separatedBy: "<script").count == 2
                    && page.components(separatedBy: "</script").count == 2
            )
            #expect(!page.contains("\u{2028}") && page.contains("\\u003c/script\\u003e"))
            #expect(page.contains("<title>t &amp; &lt;u&gt;</title>"))
            #expect(!page.contains("http://") && !page.contains("https://") && !page.contains("src="))
        }
    }

    @Test func `a page holds every point`() {
        let page = html(plot())
        #expect(page.contains("[0.1000,0.1000,0,\"a\"],") && page.contains("[0.9500,0.9000,-1,\"b\"],"))
        #expect(page.contains("const axes = true;") && page.contains("first \\u003cb\\u003e"))
    }

    @Test func `no points, one point and points at one place are pictures too`() throws {
        for count in [0, 1, 3] {
            let points = (0..<count).map { ScatterPlot.Point(x: 5, y: 5, label: "\($0)", group: nil) }
            for hasAxes in [false, true] {
                let plot = ScatterPlot(title: "", points: points, groups: [], hasAxes: hasAxes)
                #expect(try elements("circle", svg(plot)).count == count)
                #expect(!svg(plot).contains("nan") && !svg(plot).contains("inf"))
                #expect(!html(plot).isEmpty)
            }
        }
    }
}
