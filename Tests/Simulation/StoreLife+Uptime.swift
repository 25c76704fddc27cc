import DiskIO
import SeededRandom
import StorageModel
import Volumes

@testable import ObjectStorage

extension StoreLife {
    /// Opens the store, lets traffic run, and ends it as planned.
    func hold(_ plan: UptimePlan) async {
        chronicle.note("uptime: \(plan.rounds) rounds, \(plan.faults.summary), \(plan.end)")
        disk.inject(plan.faults)
        var isFit = true
        let subject: SimulatedStore
        do {
            subject = try await open()
        } catch {
            chronicle.note("not opened")
            if !isExcused(plan) { model.violate("the store cannot be opened: \(error)") }
            end(plan)
            return
        }
        isMade = true
        await checkReads(subject, isExcused: isExcused(plan))
        for _ in 0..<plan.rounds where isFit && model.violations.isEmpty && !disk.isCrashed {
            isFit = await round(subject, plan)
            if isFit { isFit = await backgroundWork(subject, plan) }
        }
        slowReader = nil
        if !isExcused(plan), isFit, model.violations.isEmpty { restoreHealth(subject) }
        if plan.end == .closed, !disk.isCrashed {
            await subject.store.close()
            end(plan)
        } else {
            end(plan)
            await subject.store.close()
        }
    }

    /// Whether a failure is no surprise.
    func isExcused(_ plan: UptimePlan) -> Bool { plan.isFaulty || isFull }

    /// What the next uptime finds of the disks.
    private func end(_ plan: UptimePlan) {
        chronicle.note("\(disk.callCount) calls")
        chronicle.count("uptimes")
        if !plan.faults.dead.isEmpty { isHealthy = false }
        if isFull { isHealthy = false }
        if plan.isFaulty, isHealthy { isHealthy = plan.faults.failures.isEmpty }
        let isPowerLost = disk.isCrashed || plan.end == .powerLost
        if isPowerLost { chronicle.count("power losses") }
        disk = isPowerLost ? disk.restart(seed: random.next()) : disk.restartProcess()
    }

    /// Brings volumes up to date, which nothing hinders.
    private func restoreHealth(_ subject: SimulatedStore) {
        subject.store.repairInTurn()
        let reports = subject.store.volume.reports(.withoutSpace)
        isHealthy =
            !subject.store.volume.needsRepair
            && reports.count(where: { $0.condition == .current }) == directories.count
            && reports.count(where: \.holdsLog) == copies
        isMadeUpFor =
            !missing.isEmpty && !subject.store.volume.isThin
            && subject.store.copies.ofLog == copies
        let isWell = missing.isEmpty ? isHealthy : isMadeUpFor
        guard directories.count - missing.count >= copies, suspect == nil, !isWell else { return }
        model.violate("volumes are not brought up to date: \(reports)")
    }

    // MARK: - Traffic

    /// Several writers ask for something, and readers read meanwhile; false if the store takes no
    /// further writes.
    private func round(_ subject: SimulatedStore, _ plan: UptimePlan) async -> Bool {
        let requests = RequestGenerator.requests(&random, &model, subject)
        let answers = await subject.perform(requests) {
            await self.checkRead(self.random.pick(Workload.keys), subject, self.isExcused(plan))
        }
        subject.settle()
        var goesOn = true
        for (request, answer) in zip(requests, answers) {
            chronicle.note("\(request): \(answer.summary)")
            chronicle.count("requests")
            let isFit = model.note(
                request,
                answer,
                isExcused: isExcused(plan),
                isLost: disk.isCrashed
            )
            goesOn = goesOn && isFit
        }
        guard goesOn else { return false }
        await checkRead(random.pick(Workload.keys), subject, isExcused(plan))
        await checkListing(subject, isExcused: isExcused(plan))
        return true
    }

    // MARK: - Checks

    /// Reads all keys and lists them; what was uncertain is certain afterwards.
    func checkReads(_ subject: SimulatedStore, isExcused: Bool) async {
        for key in Workload.keys { await checkRead(key, subject, isExcused) }
        await checkListing(subject, isExcused: isExcused)
    }

    private func checkRead(_ key: String, _ subject: SimulatedStore, _ isExcused: Bool) async {
        do {
            let bytes = try await subject.read(key)
            guard let content = model.contents(key).first(where: { $0?.bytes == bytes }) else {
                let expected = model.contents(key).map { $0.map { "\($0)" } ?? "nothing" }
                return model.violate(
                    "\(key) has \(bytes.map { "\($0.count) bytes" } ?? "nothing") "
                        + "rather than \(expected.sorted())"
                )
            }
            model.settle(key, content)
            chronicle.note("read \(key): \(bytes?.count ?? -1)")
        } catch {
            chronicle.note("read \(key): \(error)")
            if !isExcused { model.violate("\(key) cannot be read: \(error)") }
        }
    }

    private func checkListing(_ subject: SimulatedStore, isExcused: Bool) async {
        let limit = random.pick([2, 1000])
        var listed: [String] = []
        var start = ListQuery.Start.beginning
        do {
            while true {
                let query = ListQuery(start: start, limit: limit)
                let page = try await subject.store.list(query, in: subject.namespace)
                listed += page.objects.map(\.key.text)
                guard let next = page.nextMarker else { break }
                start = .after(next)
            }
        } catch {
            if !isExcused { model.violate("keys cannot be listed: \(error)") }
            return
        }
        let certain = Workload.keys.filter { !model.contents($0).contains(nil) }
        let allowed = Workload.keys.filter { model.contents($0) != [nil] }
        let isSorted = listed == listed.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        if !isSorted || !Set(certain).isSubset(of: listed) || !Set(listed).isSubset(of: allowed) {
            model.violate("the listing has \(listed) rather than \(certain) to \(allowed)")
        }
        chronicle.note("listed \(listed.count)")
    }
}

extension Request.Answer {
    fileprivate var summary: String {
        switch self {
        case .success: "done"
        case .failure(let error): "\(error)"
        }
    }
}

extension FaultPlan {
    fileprivate var summary: String {
        let failures = failures.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let dead = dead.map { "\($0.key) from \($0.value)" }
        return "crash \(crashAtCall ?? 0), short \(shortPercent), fail \(failures), dead \(dead)"
    }
}
