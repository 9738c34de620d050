// SPDX-License-Identifier: Apache-2.0

#if ModelHub
internal import CHubLibraries
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A request that waits for its turn, and whoever waits for its answer.
final class PendingTransfer: Sendable {
    let request: HTTPRequest
    private let isCancelledFlag = Atomic<Bool>(false)
    private let continuation = Mutex<CheckedContinuation<HTTPAnswer, any Error>?>(nil)

    init(_ request: HTTPRequest) { self.request = request }

    var isCancelled: Bool { isCancelledFlag.load(ordering: .acquiring) }

    func cancel() { isCancelledFlag.store(true, ordering: .releasing) }

    func wait(_ continuation: CheckedContinuation<HTTPAnswer, any Error>) {
        self.continuation.withLock { $0 = continuation }
    }

    func end(_ result: Result<HTTPAnswer, any Error>) {
        continuation.withLock { $0.take() }?.resume(with: result)
    }
}

/// One thread that keeps all requests of a client under way, by libcurl's multi interface. It begins with the first request, sleeps while
/// nothing happens, and ends with its owner, when the last request has.
final class TransferLoop: Sendable {
    @safe private struct Multi: @unchecked Sendable { let handle: UnsafeMutableRawPointer }

    private struct State {
        var multi: Multi?
        var arrived: [PendingTransfer] = []
        var isEnding = false
    }

    private let connectionsKept: Int
    private let state = Mutex(State())

    init(connectionsKept: Int) { self.connectionsKept = connectionsKept }

    /// Takes a request; its answer, or why there is none, is told to whoever waits.
    func start(_ pending: PendingTransfer) {
        let isRunning = state.withLock { state -> Bool in
            if state.multi == nil { state.multi = startThread() }
            guard let multi = state.multi else { return false }
            state.arrived.append(pending)
            wake(multi)
            return true
        }
        if !isRunning {
            let failure = HTTPFailure(reason: .other, detail: "no thread or no memory for a connection")
            pending.end(.failure(failure))
        }
    }

    /// Lets the thread look at what has changed.
    func wake() {
        state.withLock { state in
            if let multi = state.multi { wake(multi) }
        }
    }

    /// Ends the thread when the last request has ended.
    func end() {
        state.withLock { state in
            state.isEnding = true
            // Under the lock: the thread cannot have freed what is woken.
            if let multi = state.multi { wake(multi) }
        }
    }

    private func wake(_ multi: Multi) { _ = unsafe simile_curl().pointee.curl_multi_wakeup(multi.handle) }

    private func startThread() -> Multi? {
        guard let handle = unsafe simile_curl().pointee.curl_multi_init() else { return nil }
        unsafe simile_curl_limit_connections(handle, connectionsKept)
        let multi = unsafe Multi(handle: handle)
        let start = unsafe Unmanaged.passRetained(ThreadStart(loop: self, multi: multi))
        var thread = pthread_t()
        let status = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let start = unsafe Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
                start.loop.run(start.multi)
                return nil
            },
            start.toOpaque()
        )
        guard status == 0 else {
            unsafe start.release()
            _ = unsafe simile_curl().pointee.curl_multi_cleanup(handle)
            return nil
        }
        pthread_detach(thread)
        return multi
    }

    private final class ThreadStart {
        let loop: TransferLoop
        let multi: Multi
        init(loop: TransferLoop, multi: Multi) {
            self.loop = loop
            self.multi = multi
        }
    }

    private func run(_ multi: Multi) {
        unsafe simile_enter_thread("simile-http")
        let curl = unsafe simile_curl()
        let handle = unsafe multi.handle
        var active: [ObjectIdentifier: Transfer] = [:]
        while true {
            let (arrived, isEnding) = state.withLock { state in
                defer { state.arrived = [] }
                return (state.arrived, state.isEnding)
            }
            for pending in arrived where !pending.isCancelled {
                guard let transfer = Transfer(pending),
                    unsafe curl.pointee.curl_multi_add_handle(handle, transfer.easy) == CURLM_OK
                else {
                    pending.end(.failure(HTTPFailure(reason: .other, detail: "no memory for a request")))
                    continue
                }
                active[ObjectIdentifier(transfer)] = transfer
            }
            for pending in arrived where pending.isCancelled { pending.end(.failure(CancellationError())) }
            for transfer in active.values where transfer.pending.isCancelled {
                unsafe remove(transfer, from: handle, &active)
                transfer.pending.end(.failure(CancellationError()))
            }
            if isEnding && active.isEmpty { break }
            var runningCount: Int32 = 0
            _ = unsafe curl.pointee.curl_multi_perform(handle, &runningCount)
            unsafe finishDone(handle, &active)
            _ = unsafe curl.pointee.curl_multi_poll(handle, nil, 0, 60_000, nil)
        }
        _ = unsafe curl.pointee.curl_multi_cleanup(handle)
    }

    private func finishDone(_ handle: UnsafeMutableRawPointer, _ active: inout [ObjectIdentifier: Transfer]) {
        var left: Int32 = 0
        while let message = unsafe simile_curl().pointee.curl_multi_info_read(handle, &left) {
            guard unsafe message.pointee.msg == CURLMSG_DONE,
                let context = unsafe simile_curl_context(message.pointee.easy_handle)
            else { continue }
            let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            let outcome = unsafe transfer.outcome(simile_curl_result(message))
            unsafe remove(transfer, from: handle, &active)
            transfer.pending.end(outcome.mapError { $0 })
        }
    }

    private func remove(
        _ transfer: Transfer,
        from handle: UnsafeMutableRawPointer,
        _ active: inout [ObjectIdentifier: Transfer]
    ) {
        _ = unsafe simile_curl().pointee.curl_multi_remove_handle(handle, transfer.easy)
        active[ObjectIdentifier(transfer)] = nil
    }
}
#endif
