namespace Foresight.Protocol;

public static class ProposalKinds
{
    /// <summary>One outcome has won. Needs the contracts' resolver role.</summary>
    public const string Resolve = "resolve";

    /// <summary>The market is void: shares of every outcome pay the same. Needs the contracts' resolver role.</summary>
    public const string Invalidate = "invalidate";

    /// <summary>A new market. Needs the contracts' admin role.</summary>
    public const string Create = "create";

    public static readonly IReadOnlyList<string> All = [Resolve, Invalidate, Create];
}

public static class ProposalActions
{
    /// <summary>By another key than the proposal, if there are several. Nothing happens before a wallet has sent the transaction.</summary>
    public const string Approve = "approve";

    /// <summary>Records which transaction the approver's wallet has sent. Takes the key that approved.</summary>
    public const string Sent = "sent";

    /// <summary>Cannot recall a transaction that was sent.</summary>
    public const string Withdraw = "withdraw";

    public static readonly IReadOnlyList<string> All = [Approve, Sent, Withdraw];
}

public static class ProposalStates
{
    public const string Proposed = "proposed";
    public const string Approved = "approved";
    public const string Sent = "sent";

    /// <summary>The chain has done it, in a confirmed block.</summary>
    public const string Done = "done";

    /// <summary>The chain has decided the market otherwise, in a confirmed block.</summary>
    public const string Superseded = "superseded";
    public const string Withdrawn = "withdrawn";

    /// <summary>Nothing happened to it for a day.</summary>
    public const string Lapsed = "lapsed";

    public static readonly IReadOnlyList<string> All = [Proposed, Approved, Sent, Done, Superseded, Withdrawn, Lapsed];

    /// <summary>Those that can still be acted on.</summary>
    public static readonly IReadOnlyList<string> Open = [Proposed, Approved, Sent];
}

public static class SentStates
{
    /// <summary>The chain's node has it, and no block.</summary>
    public const string Waiting = "waiting";
    public const string Mined = "mined";

    /// <summary>In a block, without effect; it can be sent again.</summary>
    public const string Failed = "failed";

    /// <summary>It is not the transaction that was approved.</summary>
    public const string Other = "other";

    /// <summary>The chain's node does not know it, or could not be asked.</summary>
    public const string Unknown = "unknown";

    public static readonly IReadOnlyList<string> All = [Waiting, Mined, Failed, Other, Unknown];
}

/// <param name="Kind">One of <see cref="ProposalKinds"/>.</param>
/// <param name="MarketId">Of resolve and invalidate.</param>
/// <param name="Outcome">Of resolve: index of the outcome that has won.</param>
/// <param name="Market">Of create.</param>
/// <param name="Note">Why; 1 to 2,000 characters.</param>
public sealed record MarketProposalRequest(
    string? Kind,
    int? MarketId = null,
    int? Outcome = null,
    NewMarketTerms? Market = null,
    string? Note = null
);

/// <param name="Question">1 to 500 characters on one line. Its keccak256 names the market on chain, so a question has one market.</param>
/// <param name="Outcomes">2 to 8 different names of 1 to 100 characters.</param>
/// <param name="TickSize">0.0001, 0.001 or 0.01 USDC.</param>
/// <param name="ClosesAt">In the future, at most ten years away; null: it closes when it is resolved.</param>
/// <param name="FirmOnly">It takes orders of the vault alone; only where a vault is used.</param>
public sealed record NewMarketTerms(
    string? Question,
    IReadOnlyList<string>? Outcomes,
    string? TickSize,
    DateTimeOffset? ClosesAt = null,
    bool FirmOnly = false
);

/// <param name="Action">One of <see cref="ProposalActions"/>.</param>
/// <param name="Note">Why; 1 to 2,000 characters. Not of sent.</param>
/// <param name="TransactionHash">Of sent.</param>
/// <param name="From">Of sent: the wallet's account.</param>
public sealed record ProposalActRequest(string? Action, string? Note = null, string? TransactionHash = null, string? From = null);

/// <param name="TakesTwoKeys">False if the answering node was given only one key.</param>
/// <param name="Items">Open ones first, then the newest.</param>
/// <param name="HasVault">A new market may be firm only.</param>
public sealed record MarketProposals(bool TakesTwoKeys, IReadOnlyList<MarketProposalView> Items, bool HasVault = false);

/// <summary>What operators want of a market that only its contracts' roles can do.</summary>
/// <param name="State">One of <see cref="ProposalStates"/>.</param>
/// <param name="MarketId">Of create: null until it is listed.</param>
/// <param name="Outcome">Of resolve: index of the outcome that has won.</param>
/// <param name="TickSize">Of create, in USDC.</param>
/// <param name="ClosesAt">Of create.</param>
/// <param name="Transaction">What the approver's wallet sends. Null if nothing is deployed.</param>
/// <param name="Sent">The last one that was recorded.</param>
/// <param name="FirmOnly">Of create.</param>
public sealed record MarketProposalView(
    long Id,
    string Kind,
    string State,
    int? MarketId,
    string Question,
    IReadOnlyList<string> Outcomes,
    int? Outcome,
    string? TickSize,
    DateTimeOffset? ClosesAt,
    ProposalStep Proposed,
    ProposalStep? Approved,
    PreparedTransaction? Transaction,
    SentTransaction? Sent,
    bool FirmOnly = false
);

public sealed record ProposalStep(string By, string Key, DateTimeOffset At, string Note);

/// <param name="To">The contract.</param>
/// <param name="Function">Its signature, for example resolve(uint256).</param>
/// <param name="Arguments">Decoded from <paramref name="Data"/>.</param>
/// <param name="Data">0x and the call in hexadecimal.</param>
public sealed record PreparedTransaction(long ChainId, string To, string Function, IReadOnlyList<CallArgument> Arguments, string Data);

public sealed record CallArgument(string Name, string Value);

/// <param name="State">One of <see cref="SentStates"/>, as the answering node's chain endpoint has it.</param>
/// <param name="BlockNumber">Null until it is in a block.</param>
/// <param name="Reason">Why it failed, or why nothing is known.</param>
public sealed record SentTransaction(string Hash, string From, DateTimeOffset At, string State, long? BlockNumber, string? Reason);

/// <param name="Passes">The chain would do it now, if this account sent it.</param>
/// <param name="Reason">Why not.</param>
public sealed record TransactionCheck(bool Passes, string? Reason);
