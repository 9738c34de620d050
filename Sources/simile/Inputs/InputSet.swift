// SPDX-License-Identifier: Apache-2.0

internal import Similarity
internal import SimilarityKernels
internal import System
internal import TextEncoder
internal import VectorFiles

/// One input of a command: its vectors, its texts if it had texts, its codes if it has some.
struct InputSet {
    let vectors: VectorMatrix
    let texts: [String]?
    /// The same rows with their codes, if the input is a prepared corpus that is searched in.
    var prepared: PreparedCorpus?
    /// The numbers of the rows in their source, where some have been left out.
    var sourceRows: [Int]?

    /// What is searched in and joined.
    var corpus: Corpus { Corpus(vectors, prepared: prepared) }

    /// What a person reads for a row: its text, its id or its number.
    func label(_ row: Int) -> String { texts?[row] ?? vectors.ids?[row].description ?? "row \(number(row))" }

    /// The number of a row in its source.
    func number(_ row: Int) -> Int { sourceRows?[row] ?? row }

    /// Refuses a file that was written to while it was read: what has been computed is of neither version.
    func requireUnchanged() throws {
        let bytes = vectors.storage.bytes
        guard let path = bytes.path, bytes.hasChanged else { return }
        throw CommandFailure.refused(
            "\(path): expected the file to stay as it was, found that it has been written to while it was read"
        )
    }

    /// The same without its invalid rows.
    func withoutInvalidRows() -> InputSet {
        let rows = vectors.validRows()
        return rows.count == vectors.rowCount ? self : selecting(rows)
    }

    /// Some of the rows, in the order given.
    func selecting(_ rows: [Int]) -> InputSet {
        InputSet(
            vectors: vectors.selecting(rows),
            texts: texts.map { texts in rows.map { texts[$0] } },
            sourceRows: rows.map { number($0) }
        )
    }
}

/// Reads inputs: maps vectors, embeds texts, and looks at every row before the work begins.
struct InputReader {
    let options: InputOptions
    let running: RunningOptions
    let vectorizer: any TextVectorizer

    /// - Parameters:
    ///   - sources: What is going to be read, with the vectors of texts where they have been made already.
    ///   - queryPrompt: What is put before texts that are queries, if it is given.
    /// - Throws: ``CommandFailure`` for an option that would have no effect on any of it.
    init(
        _ options: InputOptions,
        _ running: RunningOptions,
        for sources: [(path: String, vectors: String?)],
        queryPrompt: String? = nil
    ) throws {
        try options.requireEffect(on: sources, queryPrompt: queryPrompt)
        self.options = options
        self.running = running
        vectorizer = options.vectorizer(running, queryPrompt: queryPrompt)
    }

    /// Reads the side that is searched in, and settles the metric: the one that is wanted, else that of a prepared corpus,
    /// else cosine.
    func readCorpus(_ path: String, metric wanted: Metric?, as role: TextRole? = nil) async throws -> (
        set: InputSet, metric: Metric
    ) {
        guard try options.kind(of: path) == .prepared else {
            let metric = wanted ?? .cosine
            return (try await read(path, metric: metric, as: role), metric)
        }
        let prepared = try PreparedCorpusFile.read(path)
        if let wanted, wanted != prepared.metric {
            throw CommandFailure.usage(
                "\(path) is prepared for --metric \(prepared.metric), not for --metric \(wanted)"
            )
        }
        let vectors = prepared.vectors
        // Rows without codes are those that there is something to tell about.
        if prepared.coded.rowCount < vectors.rowCount { try examine(vectors, path, metric: prepared.metric) }
        return (InputSet(vectors: vectors, texts: nil, prepared: prepared), prepared.metric)
    }

    /// Reads a file of vectors or texts, or the rows of a prepared corpus.
    func read(_ path: String, metric: Metric, as role: TextRole? = nil) async throws -> InputSet {
        switch try options.kind(of: path) {
        case .vectors, .prepared:
            let vectors = try options.vectors(of: path)
            try examine(vectors, path, metric: metric)
            return InputSet(vectors: vectors, texts: nil)
        case .texts:
            let file = try readTexts(path)
            let vectors = try await embed(file.texts, ids: file.ids, from: (path, file.lines), as: role)
            return InputSet(vectors: vectors, texts: file.texts)
        }
    }

    /// The same, for texts whose vectors have been made already: one a text, in a file of vectors.
    ///
    /// Ids are those of the texts, if they have some. A blank text is an invalid row, whatever its vector.
    func read(_ path: String, vectors: String?, metric: Metric, as role: TextRole? = nil) async throws -> InputSet {
        guard let vectors else { return try await read(path, metric: metric, as: role) }
        let texts = try readTexts(path)
        let set = try await read(vectors, metric: metric)
        guard set.texts == nil else { throw CommandFailure.usage("\(vectors): expected vectors, found texts") }
        guard set.vectors.rowCount == texts.texts.count else {
            throw CommandFailure.refused(
                "\(vectors): expected a vector for each of the \(texts.texts.count) texts of \(path), found "
                    + "\(set.vectors.rowCount)"
            )
        }
        if let mine = texts.ids, let theirs = set.vectors.ids,
            let row = mine.indices.first(where: { mine[$0].description != theirs[$0].description })
        {
            throw CommandFailure.refused(
                "\(vectors): expected the vectors of \(path), found others: row \(row) is \(theirs[row]) there and \(mine[row]) here"
            )
        }
        try SourceRecord(beside: vectors)?.requireOf(texts.texts, of: path)
        let named = texts.ids == nil ? set.vectors : set.vectors.withIDs(texts.ids)
        return InputSet(vectors: named, texts: texts.texts)
    }

    /// Texts and ids of a file, or ids and the number of rows alone: for what needs no score. A file of texts has vectors of nothing.
    func readWithoutVectors(_ path: String) throws -> InputSet {
        guard try options.kind(of: path) == .texts else {
            return InputSet(vectors: try options.vectors(of: path), texts: nil)
        }
        let file = try readTexts(path)
        let nothing = VectorMatrix(
            rowCount: file.texts.count,
            dimension: 1,
            values: [Float](repeating: 0, count: file.texts.count),
            ids: file.ids
        )
        return InputSet(vectors: nothing, texts: file.texts)
    }

    /// Reads a file of texts and refuses blank ones, unless they are to be skipped.
    func readTexts(_ path: String) throws -> TextFile {
        var fields = try options.fields(of: path)
        fields.takesUnreadableForBlank = running.skipInvalid
        let file = try TextFile.read(path, fields: fields)
        let blank = file.blankRows
        try examineBlankTexts(path, count: blank.count, lines: blank.prefix(10).map { file.lines[$0] })
        return file
    }

    /// Refuses or reports blank texts.
    ///
    /// - Parameter lines: Those of the first ones.
    func examineBlankTexts(_ path: String, count: Int, lines: [Int]) throws {
        guard let first = lines.first else { return }
        let texts = count == 1 ? "1 blank text" : "\(count) blank texts"
        let shown = lines.map(String.init).joined(separator: ", ") + (count > lines.count ? ", ..." : "")
        let message = "\(path), line \(first): \(texts) (lines \(shown))"
        guard running.skipInvalid else {
            throw CommandFailure.refused("\(message): expected text; --skip-invalid leaves them out")
        }
        running.tell("\(message) left out")
    }

    /// The vectors of texts. A blank text, or one that the model refuses, gets a row of NaN, which `--skip-invalid` keeps out of
    /// every result, so that row numbers stay those of the source.
    ///
    /// - Parameter source: The file of the texts and the line of each, for messages.
    func embed(
        _ texts: [String],
        ids: [RowID]? = nil,
        from source: (path: String, lines: [Int]),
        as role: TextRole? = nil
    ) async throws -> VectorMatrix {
        let kept = texts.indices.filter { !texts[$0].isBlank }
        let found = try await vectorizer.vectors(of: kept.map { texts[$0] }, as: role)
        var invalid = Set(texts.indices).subtracting(kept)
        var refused = RefusedLines()
        for text in found.refused {
            refused.add(source.lines[kept[text.place]], text.reason)
            invalid.insert(kept[text.place])
        }
        try refused.settle(source.path, running)
        var long = LongLines()
        long.tokenLimit = found.tokenLimit
        for place in found.cut { long.add(source.lines[kept[place]]) }
        try long.settle(source.path, options.onLong ?? .truncate, running)
        if options.onLong == .refuse { invalid.formUnion(found.cut.map { kept[$0] }) }
        let vectors = found.vectors
        if invalid.isEmpty { return ids == nil ? vectors : vectors.withIDs(ids) }
        var values: [Float] = []
        values.reserveCapacity(texts.count * vectors.dimension)
        let nothing = [Float](repeating: .nan, count: vectors.dimension)
        var next = 0
        for (row, text) in texts.enumerated() {
            values += invalid.contains(row) ? nothing : vectors[next]
            if !text.isBlank { next += 1 }
        }
        return VectorMatrix(rowCount: texts.count, dimension: vectors.dimension, values: values, ids: ids)
    }

    /// Refuses or reports invalid rows, and reports rows that have no cosine.
    private func examine(_ vectors: VectorMatrix, _ path: String, metric: Metric) throws {
        try running.tellOfRounding(vectors, path)
        let statistics = try vectors.statistics(workers: running.workers, cancellation: Interruption.flag)
        if statistics.invalidRowCount > 0 {
            let message = "\(path): \(statistics.invalidRowsDescription)"
            guard running.skipInvalid else {
                throw CommandFailure.refused("\(message); --skip-invalid leaves them out")
            }
            running.tell("\(message); left out")
        }
        if metric == .cosine, statistics.zeroRowCount > 0 {
            let rows = statistics.zeroRowCount == 1 ? "1 zero row has" : "\(statistics.zeroRowCount) zero rows have"
            running.tell("\(path): \(rows) no cosine: nobody's neighbor, and without neighbors")
        }
    }
}

extension InputOptions {
    /// What makes vectors of texts.
    func vectorizer(_ running: RunningOptions, queryPrompt: String? = nil) -> any TextVectorizer {
        let prompts = Prompts(all: prompt, queries: queryPrompt)
        #if ModelHub
        if let hubModel { return HubVectorizer(model: hubModel, prompts, hub, running) }
        #endif
        return LocalVectorizer(model: model, precision ?? .float32, prompts, running)
    }
}
