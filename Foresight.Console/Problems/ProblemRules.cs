using System.Globalization;
using Foresight.Console.Cluster;
using Foresight.Console.Database;
using Foresight.Console.Live;
using Foresight.Console.Settlement;
using Foresight.Protocol;

namespace Foresight.Console.Problems;

/// <summary>What is wrong, from one reading of the operations API and what was observed before. Pure.</summary>
public static class ProblemRules
{
    /// <summary>Three missed blocks; a chain that has been quick must not be called dead for one slow block.</summary>
    public const int MissedBlocks = 3;

    public static readonly TimeSpan LeastHeadAge = TimeSpan.FromSeconds(3);

    /// <summary>Of a chain whose head was never seen to move: longer than any block time that settlement is meant for.</summary>
    public static readonly TimeSpan MostHeadAge = TimeSpan.FromSeconds(90);

    /// <summary>The holder of settlement reports every second.</summary>
    public static readonly TimeSpan OldestReport = TimeSpan.FromSeconds(4);

    /// <summary>Beyond any sound way from match to final: batch, block and confirmations.</summary>
    public static readonly TimeSpan LongestSettlement = TimeSpan.FromMinutes(3);

    public const string Head = "head";

    /// <summary>
    /// One run may fail, or take as long as the pause between two; a second one that is missing is a reconciler that stands.
    /// </summary>
    public const int MissedRuns = 2;

    public static readonly TimeSpan MostLag = TimeSpan.FromSeconds(5);

    /// <summary>The worst first.</summary>
    public static IReadOnlyList<Problem> Of(ProblemFacts facts)
    {
        if (facts.Outage is { } outage)
            return
            [
                new Problem(
                    NodeKinds.Api,
                    Tones.Bad,
                    "No Api node answers",
                    $"What the console shows is what it read last. {outage}",
                    "/",
                    "Overview",
                    facts.OutageSince
                ),
            ];
        if (facts.Overview is not { } overview)
            return [];
        return
        [
            .. OfCluster(facts)
                .Concat(OfDatabase(overview))
                .Concat(OfSettlement(overview.Settlement, facts))
                .Concat(OfFirmMoney(overview.Settlement?.Firm, facts.Now))
                .Concat(OfOperators(overview.Controls))
                .Concat(OfReconciliation(overview.Reconciliation, facts.Now))
                .OrderBy(problem => problem.IsBad ? 0 : 1),
        ];
    }

    private static IEnumerable<Problem> OfCluster(ProblemFacts facts)
    {
        var overview = facts.Overview!;
        if (overview.Cluster is not { } cluster)
            yield break;

        if (IsWholeDatabaseDown(overview) && cluster.Postgres is { } postgres)
            yield return new Problem(
                "postgres",
                Tones.Bad,
                "Postgres does not answer",
                "No order is taken until it does: an order counts once it is in the journal.",
                "/database",
                "Servers",
                postgres.ReadAt,
                IsOfSource: true
            );
        if (cluster.Redis is { State: SourceView.Down } redis)
            yield return new Problem(
                "redis",
                Tones.Bad,
                "Redis does not answer",
                "Market data stops and nodes are not seen. Orders are taken as before, and the leader stays in office.",
                "/cluster",
                "Nodes",
                redis.ReadAt,
                IsOfSource: true
            );

        var leaderless =
            cluster.Shards is { Count: > 0 } shards ? shards.Where(shard => shard.Leader is null).Select(shard => shard.Resource).ToList()
            : cluster.HasLeader ? []
            : [LeasedResources.Matching];
        if (leaderless.Count > 0)
            yield return new Problem(
                "leader",
                Tones.Bad,
                leaderless.Count == 1 && cluster.Shards is null or { Count: <= 1 } ? "No leader" : $"No leader of {Listed(leaderless)}",
                "Orders wait at the Api until a node has taken over, which takes seconds.",
                "/cluster",
                "Cluster",
                cluster.Resources.Where(term => leaderless.Contains(term.Resource)).Min(term => term.LeaseEnd) is { } end
                && end <= facts.Now
                    ? end
                    : null,
                IsOfSource: true
            );

        // Without Redis no node is seen, which is one problem and not several.
        if (cluster.Redis is { State: SourceView.Down })
            yield break;

        foreach (var problem in OfMissing(cluster, facts.Missing))
            yield return problem;
        var versions = cluster
            .Nodes.GroupBy(node => VersionRules.ShortOf(node.Version))
            .OrderBy(one => one.Min(node => node.StartedAt))
            .ToList();
        if (versions.Count > 1)
            yield return new Problem(
                "versions",
                Tones.Watch,
                "Nodes run different versions",
                Listed(versions.Select(one => one.Key).Order(StringComparer.Ordinal))
                    + ". As expected while a release is rolled out, and at no other time.",
                "/cluster",
                "Nodes",
                versions[1].Min(node => node.StartedAt)
            );
    }

    /// <summary>Those that were seen and are not any more, and those that are expected and were never seen.</summary>
    private static IEnumerable<Problem> OfMissing(ClusterStatus cluster, IReadOnlyList<MissingNode> missing)
    {
        var gone = missing.Select(node => node.NodeId).ToHashSet(StringComparer.Ordinal);
        var expected = cluster.Expected ?? new Dictionary<string, int>();
        foreach (var kind in missing.Select(node => node.Kind).Union(expected.Keys).Order(StringComparer.Ordinal))
        {
            var known = missing.Where(node => node.Kind == kind).ToList();
            var alive = cluster.Nodes.Count(node => node.Kind == kind && !gone.Contains(node.NodeId));
            var wanted = expected.GetValueOrDefault(kind);
            var count = Math.Max(known.Count, wanted - alive);
            if (count <= 0)
                continue;
            var heard = known.Count > 0 ? $"Not heard any more: {Listed(known.Select(node => node.NodeId))}. " : "";
            var number = wanted > alive ? $"{alive} of {wanted} live. " : "";
            yield return new Problem(
                $"node:{kind}",
                Tones.Watch,
                $"{Counted(count, $"{kind} node")} missing",
                $"{heard}{number}The others carry on; one fault more may be one too many.",
                "/cluster",
                "Nodes",
                known.Count > 0 ? known.Min(node => node.HeardAt) : null,
                IsOfSource: true
            );
        }
    }

    private static IEnumerable<Problem> OfSettlement(SettlementView? settlement, ProblemFacts facts)
    {
        if (settlement is null)
            yield break;

        var unsettled = settlement.TradesByState.Where(state => TradeStates.IsUnsettled(state.Key)).Sum(state => state.Value);
        var isSilent = IsSilent(settlement, facts.Now);
        if (settlement.Halted is { } halted)
            yield return new Problem(
                "halted",
                Tones.Bad,
                "Settlement is halted",
                $"{halted} {Counted(unsettled, "trade")} wait. It goes on when an operator who has verified the chain resumes it.",
                "/settlement",
                "Settlement",
                settlement.HaltedSince
            );
        // Beside a halt too: what the report has of the halt is then as old as the report.
        if (isSilent)
            yield return new Problem(
                "settlement",
                Tones.Bad,
                "Settlement does not report",
                $"Its holder {settlement.HolderNodeId} has written nothing. {Counted(unsettled, "trade")} wait.",
                "/settlement",
                "Settlement",
                settlement.ReportedAt,
                IsOfSource: true
            );
        else if (
            settlement.Halted is null
            && !IsHeld(facts)
            && unsettled > 0
            && StandsSince(settlement) is { } stands
            && facts.Now - stands > LongestSettlement
        )
            yield return new Problem(
                "unmoved",
                Tones.Bad,
                "Settlement does not move",
                $"{Counted(unsettled, "trade")} wait, and none has become final or failed. {settlement.LastError}".TrimEnd(),
                "/settlement",
                "Settlement",
                stands
            );

        // Of a silent holder the head is old in any case.
        if (!isSilent && facts.Head is { } head && Stands(head, facts.Now))
            yield return new Problem(
                Head,
                Tones.Bad,
                "The chain does not move",
                $"Its head is block {Format.Count(settlement.HeadBlock)}. Nothing is settled, and no deposit is seen, until the next.",
                "/settlement",
                "Settlement",
                head.LastAt,
                IsOfSource: true
            );
        if (settlement.Endpoints?.Where(endpoint => !endpoint.IsWell).ToList() is { Count: > 0 } sick)
            yield return new Problem(
                "endpoints",
                sick.Count == settlement.Endpoints.Count ? Tones.Bad : Tones.Watch,
                $"{Listed(sick.Select(endpoint => endpoint.Name))} {(sick.Count == 1 ? "is" : "are")} out",
                (
                    sick.Count == settlement.Endpoints.Count
                        ? "No RPC endpoint of the chain is well. "
                        : "The other RPC endpoints are asked. "
                )
                    + string.Join(
                        " ",
                        sick.Select(endpoint => endpoint.Error is { } error ? Sentence(error).TrimStart() : Behind(endpoint)).Distinct()
                    ),
                "/settlement",
                "Settlement",
                sick.Min(endpoint => endpoint.OutSince),
                IsOfSource: true
            );
        if (EtherOf(settlement.SignerBalanceEth) is { } ether && ether < EtherOf(settlement.LowBalanceEth))
            yield return new Problem(
                "signer",
                ether == 0 ? Tones.Bad : Tones.Watch,
                "The signer has little ether",
                $"{settlement.SignerAddress} holds {Format.Number(ether, 4)} ETH for gas. Without any, nothing is settled.",
                "/settlement",
                "Settlement",
                settlement.BalanceLowSince
            );
    }

    /// <param name="firm">Null where there is no vault.</param>
    private static IEnumerable<Problem> OfFirmMoney(FirmView? firm, DateTimeOffset now)
    {
        if (firm is { IsTaken: false, Why: { } why })
            yield return new Problem(
                "firm",
                why is FirmRefusals.BoundReached or FirmRefusals.NoTerms ? Tones.Watch : Tones.Bad,
                "Firm orders are refused",
                $"{Sentence(FirmTexts.Of(why)).TrimStart()} Orders that may use the wallet do so; others get firm_unavailable.",
                "/settlement",
                "Settlement",
                firm.Since
            );
        if (firm is { OldestAt: { } oldest } && oldest + FirmTexts.QuarterOf(firm) is var late && late < now)
            yield return new Problem(
                "firm-waits",
                Tones.Bad,
                "A firm trade waits too long",
                $"The oldest of {Counted(firm.UnsettledTrades, "firm trade")} has waited for more than a quarter of the vault's delay of "
                    + $"{Format.Length(TimeSpan.FromSeconds(firm.DelaySeconds))}, after which its money can leave.",
                "/settlement",
                "Settlement",
                late
            );
    }

    /// <summary>Deliberate, and shown until it is ended: what was stopped for an hour must not stay so for a week.</summary>
    private static IEnumerable<Problem> OfOperators(OperatorControls? controls)
    {
        foreach (var hold in controls?.Holds ?? [])
        {
            var (tone, title, follows, href, action) = hold.Subject switch
            {
                OperatorSubjects.Settlement => (
                    Tones.Bad,
                    "Settlement is halted by an operator",
                    "Nothing is sent; what is in flight is followed.",
                    "/settlement",
                    "Settlement"
                ),
                OperatorSubjects.Node => (Tones.Watch, $"{hold.SubjectId} is drained", "It leads nothing.", "/cluster", "Nodes"),
                _ => (Tones.Watch, $"{hold.SubjectId} is out of rotation", "No node reads from it.", "/database", "Servers"),
            };
            var who = $"{hold.By} (key {hold.Key}): {hold.Note}";
            yield return new Problem($"held:{hold.Subject}:{hold.SubjectId}", tone, title, $"{follows} {who}", href, action, hold.Since);
        }

        foreach (var waiting in controls?.Waiting ?? [])
            yield return new Problem(
                $"waiting:{waiting.Subject}:{waiting.SubjectId}",
                Tones.Watch,
                $"A decision to {Format.Words(waiting.Action)} {waiting.Subject} waits for a second key",
                $"By {waiting.By} (key {waiting.Key}). It lapses after a day.",
                "/settlement",
                "Settlement",
                waiting.At
            );
    }

    /// <summary>Nothing has settled since, though something waits since; null while nothing waits.</summary>
    private static DateTimeOffset? StandsSince(SettlementView settlement) =>
        settlement.WaitingSince is not { } waiting ? null
        : settlement.SettledAt is { } settled && settled > waiting ? settled
        : waiting;

    private static decimal? EtherOf(string? text) => decimal.TryParse(text, CultureInfo.InvariantCulture, out var ether) ? ether : null;

    private static bool IsHeld(ProblemFacts facts) =>
        facts.Overview?.Controls?.HoldOf(OperatorSubjects.Settlement, OperatorSubjects.OnlyOne) is not null;

    private static IEnumerable<Problem> OfDatabase(AdminOverview overview)
    {
        if (overview.Database is not { } database)
            yield break;

        if (!ServerRules.Answers(database.Primary) && !IsWholeDatabaseDown(overview))
            yield return new Problem(
                "primary",
                Tones.Bad,
                database.Primary.Healthy ? "The primary database does not answer" : "The primary database is out",
                "No order is taken until it is back or a replica is promoted." + Sentence(database.Primary.Error),
                "/database",
                "Servers",
                database.Primary.FailingSince,
                IsOfSource: true
            );
        foreach (var replica in database.Replicas)
        {
            if (!ServerRules.Answers(replica))
                yield return new Problem(
                    $"replica:{replica.Name}",
                    Tones.Watch,
                    replica.Healthy ? $"{replica.Name} does not answer" : $"{replica.Name} is out",
                    "Its reads go to the other servers." + Sentence(replica.Error),
                    "/database",
                    "Servers",
                    replica.FailingSince,
                    IsOfSource: true
                );
            else if (replica.LagSeconds is { } lag && lag > MostLag.TotalSeconds)
                yield return new Problem(
                    $"lag:{replica.Name}",
                    Tones.Watch,
                    $"{replica.Name} is {Format.Length(TimeSpan.FromSeconds(lag))} behind",
                    $"Reads from it are that old. {Format.Bytes(replica.LagBytes)} are not replayed yet.",
                    "/database",
                    "Servers",
                    replica.FailingSince,
                    IsOfSource: true
                );
        }
    }

    /// <summary>By the clock that wrote the report: this console's may be seconds ahead of it.</summary>
    public static bool IsSilent(SettlementView settlement, DateTimeOffset now) =>
        (settlement.ReportAge ?? now - settlement.ReportedAt) > OldestReport;

    /// <summary>What is compared may have changed since: nothing of it is called good any more.</summary>
    public static bool IsOverdue(ReconciliationStatus reconciliation, DateTimeOffset now) =>
        reconciliation is { LastRun: { } last, Interval: var interval }
        && interval > TimeSpan.Zero
        && now - (last.FinishedAt ?? last.StartedAt) > interval * MissedRuns;

    private static IEnumerable<Problem> OfReconciliation(ReconciliationStatus? reconciliation, DateTimeOffset now)
    {
        if (
            reconciliation is { LastRun: { State: RunStates.Failed } failed, Interval: var interval }
            && interval > TimeSpan.Zero
            && !(now - reconciliation.ComparedAt <= interval * MissedRuns)
        )
            yield return new Problem(
                "reconciler",
                Tones.Watch,
                "The reconciler fails",
                (
                    reconciliation.ComparedAt is null
                        ? "No run has compared journal and chain yet. "
                        : $"No run has compared journal and chain for more than {MissedRuns} × {Format.Length(interval)}. "
                ) + failed.Error,
                "/reconciliation",
                "Reconciliation",
                reconciliation.ComparedAt
            );
        else if (reconciliation is not null && IsOverdue(reconciliation, now))
            yield return new Problem(
                "reconciler",
                Tones.Watch,
                "The reconciler is overdue",
                $"No run for more than {MissedRuns} × {Format.Length(reconciliation.Interval)}: journal and chain are not compared.",
                "/reconciliation",
                "Reconciliation",
                reconciliation.LastRun!.FinishedAt ?? reconciliation.LastRun.StartedAt
            );
        if (reconciliation?.Critical is { Count: > 0 } critical)
            yield return new Problem(
                "critical",
                Tones.Bad,
                critical.Count == 1 ? "1 critical discrepancy" : $"{Format.Count(critical.Count)} critical discrepancies",
                "Journal and chain disagree about money, and nobody has decided yet.",
                "/reconciliation?state=unresolved&severity=critical",
                "Discrepancies",
                critical.OldestAt
            );
    }

    /// <summary>Terms are read from a replica, which may hang while the primary takes orders, or answer while the primary hangs.</summary>
    private static bool IsWholeDatabaseDown(AdminOverview overview) =>
        overview.Cluster?.Postgres is { State: SourceView.Down }
        && (overview.Database is not { } database || !ServerRules.Answers(database.Primary));

    /// <summary>
    /// With a report that has seen it stand for half of that time: before, it may be the report that is missing, as when the primary
    /// database takes none.
    /// </summary>
    private static bool Stands(HeadMoves head, DateTimeOffset now)
    {
        var allowed = OldestHead(head.UsualPause);
        return now - head.LastAt > allowed && !(head.StoodFor <= allowed / 2);
    }

    private static TimeSpan OldestHead(TimeSpan? usualPause) =>
        usualPause is not { } pause ? MostHeadAge
        : pause * MissedBlocks is var allowed && allowed < LeastHeadAge ? LeastHeadAge
        : allowed < MostHeadAge ? allowed
        : MostHeadAge;

    private static string Behind(ChainEndpointView endpoint) =>
        endpoint.Behind is { } blocks
            ? $"{endpoint.Name} is {Counted(blocks, "block")} behind."
            : $"{endpoint.Name} has never reported its head.";

    private static string Sentence(string? error) =>
        string.IsNullOrEmpty(error) ? "" : $" {char.ToUpperInvariant(error[0])}{error[1..].TrimEnd('.')}.";

    private static string Counted(long count, string what) => count == 1 ? $"1 {what}" : $"{Format.Count(count)} {what}s";

    private static string Listed(IEnumerable<string> names) => string.Join(", ", names);
}
