namespace Foresight.Protocol;

// The journal's columns hold the same words, so a value cannot be renamed without a migration.

public static class DiscrepancyStates
{
    public const string Open = "open";
    public const string Acknowledged = "acknowledged";
    public const string Resolved = "resolved";
    public const string Ignored = "ignored";

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

    /// <summary>Takes back a first key that waits for a second one.</summary>
    public const string Withdraw = "withdraw";

    public const string Assign = "assign";
    public const string Note = "note";

    public static readonly IReadOnlyList<string> All = [Resolve, Acknowledge, Ignore, Reopen, Withdraw, Assign, Note];
}

/// <summary>Only for filters, because no discrepancy has these values: "live" means every undecided state, "none" no assignee.</summary>
public static class DiscrepancyFilterValues
{
    public const string Undecided = "live";

    public const string Unassigned = "none";
}

/// <summary>Shared, so that the console's fields end where the Api refuses.</summary>
public static class DecisionLimits
{
    public const int NoteLength = 2_000;

    public const int NameLength = 100;

    /// <summary>A single statement applies a bulk decision, and its ids must fit into the body of a request (64 KiB).</summary>
    public const int Bulk = 5_000;
}

/// <summary>No sound node sends such a thing, so a single one suffices to put a node out (docs/decisions/0441).</summary>
public static class PutOutReasons
{
    public const string BadSignature = "bad_signature";

    public const string WrongCommand = "wrong_command";
}

/// <summary>
/// By the journal: missing_onchain is a trade that it has as settled and the chain does not have, which is never repaired, because the
/// chain's node may be wrong (docs/decisions/0630); missing_offchain is a fill that only the chain has.
/// </summary>
public static class DiscrepancyKinds
{
    public const string MissingOnChain = "missing_onchain";

    public const string MissingOffChain = "missing_offchain";

    public const string AmountMismatch = "amount_mismatch";

    public const string StatusMismatch = "status_mismatch";

    public const string BalanceMismatch = "balance_mismatch";

    /// <summary>What leaves the vault, by a request or a co-signature, is not the same on chain and in the journal.</summary>
    public const string WithdrawalMismatch = "withdrawal_mismatch";

    /// <summary>The vault does not hold what it owes (docs/firm-money.md, Accounting): by the chain alone.</summary>
    public const string VaultMismatch = "vault_mismatch";

    public static readonly IReadOnlyList<string> All =
    [
        MissingOnChain,
        MissingOffChain,
        AmountMismatch,
        StatusMismatch,
        BalanceMismatch,
        WithdrawalMismatch,
        VaultMismatch,
    ];
}

public static class Severities
{
    public const string Low = "low";
    public const string Medium = "medium";
    public const string High = "high";

    public const string Critical = "critical";

    /// <summary>The worst first, because the console sorts by this order.</summary>
    public static readonly IReadOnlyList<string> All = [Critical, High, Medium, Low];
}

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
/// confirmations) final back to broadcast; a batch that was reverted returns its trades to matched. Failed becomes mined if a transaction
/// that was considered lost settles the trade after all, so a client must accept any later state.
/// </summary>
public static class TradeStates
{
    public const string Matched = "matched";

    /// <summary>The bytes of its transaction are stored, so that sending again is sending the same bytes.</summary>
    public const string Batched = "batched";

    public const string Broadcast = "broadcast";

    /// <summary>In a block that a reorganisation may still undo.</summary>
    public const string Mined = "mined";

    public const string Final = "final";

    /// <summary>The engine busts the trade only once the failure is confirmed; <c>settlement_reason</c> has the cause.</summary>
    public const string Failed = "failed";

    /// <summary>Only for filters, because no trade has this state: neither final nor failed.</summary>
    public const string Unsettled = "unsettled";

    public static readonly IReadOnlyList<string> All = [Matched, Batched, Broadcast, Mined, Final, Failed];

    public static bool IsUnsettled(string state) => state is not (Final or Failed);
}

public static class NodeStates
{
    public const string Follower = "follower";
    public const string Acquiring = "acquiring";
    public const string Recovering = "recovering";
    public const string Active = "active";
    public const string Draining = "draining";

    /// <summary>For nodes whose kind never leads.</summary>
    public const string Running = "running";

    /// <summary>While the registry cannot be read, because the last known state may be wrong by now.</summary>
    public const string Unknown = "unknown";
}

/// <summary>Values of <c>leadership_history.reason</c>: what the node that took over had found.</summary>
public static class TakeOverReasons
{
    /// <summary>The resource never had a leader.</summary>
    public const string First = "first";

    /// <summary>The leader before gave its lease back: it stopped, drained, or ended its term because of an error.</summary>
    public const string HandedOver = "handed_over";

    /// <summary>Nothing listened at the leader's address, and its database sessions were gone.</summary>
    public const string Crashed = "crashed";

    /// <summary>The leader did not renew its lease: it was paused, cut off, or could not reach Postgres.</summary>
    public const string LeaseExpired = "lease_expired";

    /// <summary>By the node itself, which found its own lease from before an answer was lost.</summary>
    public const string TakenBack = "taken_back";

    /// <summary>The leader before gave its lease back because an operator had asked it to, or had drained its node.</summary>
    public const string Operator = "operator";

    public static readonly IReadOnlyList<string> All = [First, HandedOver, Crashed, LeaseExpired, TakenBack, Operator];
}

public static class MarketStates
{
    public const string Open = "open";
    public const string Paused = "paused";
    public const string Closed = "closed";
    public const string Resolved = "resolved";

    public static readonly IReadOnlyList<string> All = [Open, Paused, Closed, Resolved];
}

public static class RunStates
{
    public const string Requested = "requested";
    public const string Running = "running";
    public const string Succeeded = "succeeded";
    public const string Failed = "failed";
}

public static class CoverageStates
{
    public const string Covered = "covered";
    public const string Failed = "failed";
    public const string Undone = "undone";
}

public static class RepairStates
{
    public const string Planned = "planned";
    public const string Done = "done";
    public const string Refused = "refused";
}

public static class OffenderLevels
{
    public const string Clear = "clear";
    public const string Capped = "capped";
    public const string Refused = "refused";

    /// <summary>From the best to the worst.</summary>
    public static readonly IReadOnlyList<string> All = [Clear, Capped, Refused];
}

public static class ServerRoles
{
    public const string Primary = "primary";
    public const string Replica = "replica";
}

public static class ContinuityStates
{
    public const string Lost = "lost";
    public const string Restored = "restored";
}

public static class HubEvents
{
    public const string Depth = "depth";
    public const string Trades = "trades";
    public const string Stats = "stats";
    public const string Orders = "orders";
    public const string TradeState = "trade_state";
    public const string Withdrawals = "withdrawals";
    public const string Heartbeat = "heartbeat";
    public const string Continuity = "continuity";
    public const string Closing = "closing";
}

public static class ApiHeaders
{
    /// <summary>Claimed and not proven, so the audit trail has the name of the key beside it. Percent-encoded.</summary>
    public const string Operator = "X-Foresight-Operator";

    /// <summary>Returned with a write, and sent with a read that must include that write, because a replica may be behind.</summary>
    public const string Lsn = "X-Foresight-Lsn";

    public const string Deadline = "X-Deadline-Ms";
}

/// <summary>Stored in <c>settlement_batches.state</c>, so the values must not change. One row per transaction ever signed.</summary>
public static class BatchStates
{
    /// <summary>
    /// Stored, and perhaps sent: a crash between sending and recording the broadcast leaves it in this state. The same bytes are then sent
    /// again.
    /// </summary>
    public const string Signed = "signed";

    public const string Broadcast = "broadcast";
    public const string Mined = "mined";
    public const string Final = "final";

    /// <summary>
    /// Had no effect and never will: it reverted as a whole and is confirmed, its nonce was taken, its signer lost the role, or its chain
    /// was lost.
    /// </summary>
    public const string Failed = "failed";

    /// <summary>Another transaction has the same nonce. Either may be the one that is mined.</summary>
    public const string Replaced = "replaced";

    /// <summary>In the order of a transaction's life.</summary>
    public static readonly IReadOnlyList<string> All = [Signed, Broadcast, Mined, Final, Failed, Replaced];

    /// <summary>It may still come into a block.</summary>
    public static bool IsInFlight(string state) => state is Signed or Broadcast;
}
