namespace Foresight.Protocol;

// States, kinds and filters in the Api's answers and parameters, as the console shows them. The journal's columns hold the same words.

/// <summary>Values of <c>discrepancies.state</c>.</summary>
public static class DiscrepancyStates
{
    public const string Open = "open";
    public const string Acknowledged = "acknowledged";
    public const string Resolved = "resolved";
    public const string Ignored = "ignored";

    /// <summary>Resolved or ignored before, and open again.</summary>
    public const string Reopened = "reopened";

    public static readonly IReadOnlyList<string> All = [Open, Acknowledged, Resolved, Ignored, Reopened];

    public static readonly IReadOnlyList<string> Undecided = [Open, Acknowledged, Reopened];
}

public static class DiscrepancyActions
{
    public const string Resolve = "resolve";
    public const string Acknowledge = "acknowledge";
    public const string Ignore = "ignore";
    public const string Reopen = "reopen";
    public const string Assign = "assign";
    public const string Note = "note";

    public static readonly IReadOnlyList<string> All = [Resolve, Acknowledge, Ignore, Reopen, Assign, Note];
}

/// <summary>Values of filters that stand for several values, or for none.</summary>
public static class DiscrepancyFilterValues
{
    /// <summary>For state: any of <see cref="DiscrepancyStates.Undecided"/>.</summary>
    public const string Undecided = "live";

    /// <summary>For assignee: discrepancies without one.</summary>
    public const string Unassigned = "none";
}

/// <summary>Shared, so that the console's fields end where the Api refuses.</summary>
public static class DecisionLimits
{
    public const int NoteLength = 2_000;

    /// <summary>Characters in the name of an operator or assignee.</summary>
    public const int NameLength = 100;

    /// <summary>Discrepancies in one bulk decision, which a single statement applies.</summary>
    public const int Bulk = 500;
}

/// <summary>Values of <c>discrepancies.kind</c>.</summary>
public static class DiscrepancyKinds
{
    /// <summary>Settled by the journal; the chain has no such trade.</summary>
    public const string MissingOnChain = "missing_onchain";

    /// <summary>The chain has a fill that the journal does not know.</summary>
    public const string MissingOffChain = "missing_offchain";

    /// <summary>Both have the trade, with different figures.</summary>
    public const string AmountMismatch = "amount_mismatch";

    /// <summary>Both have the trade; the chain settled it, and by the journal it did not settle.</summary>
    public const string StatusMismatch = "status_mismatch";

    /// <summary>An account's ledger differs from the chain at one block.</summary>
    public const string BalanceMismatch = "balance_mismatch";

    public static readonly IReadOnlyList<string> All = [MissingOnChain, MissingOffChain, AmountMismatch, StatusMismatch, BalanceMismatch];
}

/// <summary>Values of <c>discrepancies.severity</c>.</summary>
public static class Severities
{
    public const string Low = "low";
    public const string Medium = "medium";
    public const string High = "high";

    /// <summary>Funds are not where they were reported to clients.</summary>
    public const string Critical = "critical";

    /// <summary>The worst first.</summary>
    public static readonly IReadOnlyList<string> All = [Critical, High, Medium, Low];
}

/// <summary>Time since a discrepancy was first seen. Each age begins where the one before ends.</summary>
public static class DiscrepancyAges
{
    public const string Minutes5 = "0-5m";
    public const string Minutes60 = "5-60m";
    public const string Hours24 = "1-24h";
    public const string Older = "24h+";

    public static readonly IReadOnlyList<string> All = [Minutes5, Minutes60, Hours24, Older];

    /// <summary>Upper bound of each age but the last, which has none.</summary>
    public static readonly IReadOnlyList<TimeSpan> Bounds = [TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(60), TimeSpan.FromHours(24)];
}

/// <summary>
/// Values of <c>trades.settlement</c>, in the order of a trade's life. A reorganisation takes mined, failed and (if deeper than the
/// confirmations) final back to broadcast; a batch that reverted as a whole returns its trades to matched. Failed becomes mined if a
/// transaction that was considered lost settles the trade after all.
/// </summary>
public static class TradeStates
{
    /// <summary>In the journal, in no batch.</summary>
    public const string Matched = "matched";

    /// <summary>In a batch whose bytes are stored.</summary>
    public const string Batched = "batched";

    /// <summary>In a batch that was sent at least once.</summary>
    public const string Broadcast = "broadcast";

    /// <summary>Settled in a block that a reorganisation may still undo.</summary>
    public const string Mined = "mined";

    /// <summary>Settled, and confirmed.</summary>
    public const string Final = "final";

    /// <summary>Will not settle; <c>settlement_reason</c> has the cause. The engine busts it once the failure is confirmed.</summary>
    public const string Failed = "failed";

    /// <summary>For filters: every trade that is neither final nor failed.</summary>
    public const string Unsettled = "unsettled";

    public static readonly IReadOnlyList<string> All = [Matched, Batched, Broadcast, Mined, Final, Failed];

    public static bool IsUnsettled(string state) => state is not (Final or Failed);
}

/// <summary>Values of <see cref="NodeRecord.State"/> and <see cref="LeaderView.State"/>.</summary>
public static class NodeStates
{
    public const string Follower = "follower";
    public const string Acquiring = "acquiring";
    public const string Recovering = "recovering";
    public const string Active = "active";
    public const string Draining = "draining";

    /// <summary>For nodes whose kind never leads.</summary>
    public const string Running = "running";

    /// <summary>The registry cannot be read.</summary>
    public const string Unknown = "unknown";
}

/// <summary>Names of the values of <c>markets.state</c>, by number.</summary>
public static class MarketStates
{
    public const string Open = "open";
    public const string Paused = "paused";
    public const string Closed = "closed";
    public const string Resolved = "resolved";

    public static readonly IReadOnlyList<string> All = [Open, Paused, Closed, Resolved];
}

/// <summary>Values of <see cref="RunView.State"/>.</summary>
public static class RunStates
{
    public const string Requested = "requested";
    public const string Running = "running";
    public const string Succeeded = "succeeded";
    public const string Failed = "failed";
}

/// <summary>Values of <see cref="CoverageView.State"/>.</summary>
public static class CoverageStates
{
    public const string Covered = "covered";
    public const string Failed = "failed";
    public const string Undone = "undone";
}

/// <summary>Values of <see cref="RepairView.State"/>.</summary>
public static class RepairStates
{
    public const string Planned = "planned";
    public const string Done = "done";
    public const string Refused = "refused";
}

/// <summary>Values of <see cref="OffenderView.Level"/>.</summary>
public static class OffenderLevels
{
    public const string Clear = "clear";
    public const string Capped = "capped";
    public const string Refused = "refused";
}

/// <summary>Values of <see cref="ServerView.Role"/>.</summary>
public static class ServerRoles
{
    public const string Primary = "primary";
    public const string Replica = "replica";
}

/// <summary>Values of <see cref="ContinuityMessage.State"/>.</summary>
public static class ContinuityStates
{
    public const string Lost = "lost";
    public const string Restored = "restored";
}

/// <summary>Events of the hub, by the names that clients get; most are topics too.</summary>
public static class HubEvents
{
    public const string Depth = "depth";
    public const string Trades = "trades";
    public const string Stats = "stats";
    public const string Orders = "orders";
    public const string TradeState = "trade_state";
    public const string Heartbeat = "heartbeat";
    public const string Continuity = "continuity";
    public const string Closing = "closing";
}

public static class ApiHeaders
{
    /// <summary>Operator for whom the console acts, percent-encoded; recorded in the audit trail beside the name of the key.</summary>
    public const string Operator = "X-Foresight-Operator";

    /// <summary>Returned with a write; sent with a read that must include that write.</summary>
    public const string Lsn = "X-Foresight-Lsn";

    /// <summary>Longest time that the caller waits, in milliseconds.</summary>
    public const string Deadline = "X-Deadline-Ms";
}
