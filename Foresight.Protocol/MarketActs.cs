namespace Foresight.Protocol;

public static class MarketActions
{
    /// <summary>Only cancels are taken. Takes one key, and effect within about a second.</summary>
    public const string Pause = "pause";

    /// <summary>Ends an operator's pause; the market opens when settlement has seen the chain trade it, confirmed.</summary>
    public const string Resume = "resume";

    /// <summary>Cancels all orders, for ever. What was matched is settled all the same.</summary>
    public const string Close = "close";

    /// <summary>Takes back a resume or close that waits for a second key.</summary>
    public const string Withdraw = "withdraw";

    public static readonly IReadOnlyList<string> All = [Pause, Resume, Close, Withdraw];
}

/// <param name="Action">One of <see cref="MarketActions"/>.</param>
/// <param name="Note">Why; 1 to 2,000 characters.</param>
public sealed record MarketActRequest(string? Action, string? Note);

/// <param name="State">open, paused, closed, resolved: as the journal has it.</param>
/// <param name="HeldState">
/// paused or closed: what operators want, which the leader brings about within about a second. Null: nothing.
/// </param>
/// <param name="TakesTwoKeys">Resume and close wait for a second key. False if the answering node was given only one.</param>
/// <param name="Waiting">Resume or close that one key has decided and another has yet to.</param>
/// <param name="Acts">Newest first, at most 100.</param>
public sealed record MarketControl(
    int MarketId,
    string Question,
    string State,
    string? HeldState,
    bool TakesTwoKeys,
    WaitingMarketAct? Waiting,
    IReadOnlyList<MarketActView> Acts
);

public sealed record WaitingMarketAct(string Action, string By, string Key, DateTimeOffset At);

/// <param name="Action">One of <see cref="MarketActions"/>, with "_first_key" after it while a second key was missing.</param>
/// <param name="From">State of the market before.</param>
/// <param name="To">State that operators wanted afterwards.</param>
public sealed record MarketActView(DateTimeOffset At, string Actor, string Key, string Action, string From, string To, string Note);

/// <summary>What decisions are about.</summary>
public static class DecisionSubjects
{
    public const string Discrepancy = "discrepancy";
    public const string Offender = "offender";
    public const string Market = "market";

    /// <summary>To create, resolve or invalidate a market.</summary>
    public const string Proposal = "proposal";

    /// <summary>Of the reconciler, asked for by an operator.</summary>
    public const string Run = "run";

    public static readonly IReadOnlyList<string> All =
    [
        Discrepancy,
        Offender,
        Market,
        Proposal,
        Run,
        OperatorSubjects.Settlement,
        OperatorSubjects.Leader,
        OperatorSubjects.Node,
        OperatorSubjects.Replica,
    ];
}

/// <summary>What an operator decided, whatever about.</summary>
/// <param name="Subject">One of <see cref="DecisionSubjects.All"/>.</param>
/// <param name="SubjectId">Its number, address or name; of a bulk decision the lowest number.</param>
/// <param name="Key">Name of the admin key; null in entries of earlier versions.</param>
/// <param name="Note">Null if the action has none.</param>
/// <param name="Batch">The same for all parts of one bulk decision, which has a part for each action, pair of states and note.</param>
/// <param name="Subjects">How many it is about.</param>
public sealed record DecisionView(
    DateTimeOffset At,
    string Actor,
    string? Key,
    string Subject,
    string SubjectId,
    string Action,
    string? From,
    string? To,
    string? Note,
    Guid? Batch,
    int Subjects = 1
);

/// <param name="Decisions">Newest first, at most 500.</param>
/// <param name="More">There are older ones since <paramref name="Since"/>.</param>
public sealed record DecisionLog(DateTimeOffset Since, IReadOnlyList<DecisionView> Decisions, bool More);
