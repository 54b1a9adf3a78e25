using Foresight.Api.Problems;
using Foresight.Chain;
using Foresight.Protocol;

namespace Foresight.Api.Operations.Markets.Proposals;

/// <summary>Valid in itself; whether the market or the question is free is for the database to decide.</summary>
public sealed record Proposal(string Kind, int? MarketId, int? Outcome, ProposedMarket? Market, string Note);

/// <param name="TickSize">1, 10 or 100 ticks.</param>
public sealed record ProposedMarket(string Question, IReadOnlyList<string> Outcomes, int TickSize, DateTimeOffset? ClosesAt, bool FirmOnly)
{
    public Hash32 QuestionHash { get; } = Keccak256.HashText(Question);
}

/// <param name="Transaction">Only of sent, like <paramref name="From"/>.</param>
public sealed record ProposalAct(string Action, string Note, Hash32? Transaction, Address? From);

/// <param name="State">One of <see cref="ProposalStates"/>.</param>
public sealed record ProposalFacts(string Kind, string State, string ProposedKey, string? ApprovedKey);

/// <summary>One key proposes, another approves, and the approver's wallet sends (docs/decisions/0732). Pure.</summary>
public static class ProposalRules
{
    /// <summary>Each has a place in every answer, and its transaction costs a call to the chain.</summary>
    public const int MaxOpenCreations = 20;

    /// <summary>For the next step; an approval of days ago must not meet a wallet for other reasons.</summary>
    public static readonly TimeSpan LongestWait = MarketActRules.LongestWait;

    private const int MaxQuestion = 500;
    private const int MaxOutcome = 100;
    private const int MinOutcomes = 2;
    private const int MaxOutcomes = 8;

    private static readonly TimeSpan LongestLife = TimeSpan.FromDays(3_653);

    private static readonly int[] TickSizes = [1, 10, 100];

    /// <param name="ended">As stored; null while it is open.</param>
    public static string StateOf(string? ended, bool isApproved, bool isSent, DateTimeOffset lastStep, DateTimeOffset now) =>
        ended
        ?? (
            lastStep + LongestWait <= now ? ProposalStates.Lapsed
            : isSent ? ProposalStates.Sent
            : isApproved ? ProposalStates.Approved
            : ProposalStates.Proposed
        );

    /// <returns>Null if it may be done.</returns>
    public static Problem? Judge(ProposalFacts facts, string action, string key, bool takesTwoKeys)
    {
        if (!ProposalStates.Open.Contains(facts.State))
            return Conflict($"The proposal is {facts.State}.");
        switch (action)
        {
            case ProposalActions.Approve when facts.State != ProposalStates.Proposed:
                return Conflict($"The key {facts.ApprovedKey} has approved this already.");
            case ProposalActions.Approve when takesTwoKeys:
                return FourEyes.Judge(facts.Kind, facts.ProposedKey, facts.Kind, key).Refusal is var (code, reason)
                    ? new Problem(code, reason)
                    : null;
            case ProposalActions.Sent when facts.State == ProposalStates.Proposed:
                return Conflict("The proposal is not approved.");
            case ProposalActions.Sent when key != facts.ApprovedKey:
                return Conflict($"The key {facts.ApprovedKey} has approved this, so its wallet sends it.");
            default:
                return null;
        }
    }

    public static Result<Proposal> Read(MarketProposalRequest request, DateTimeOffset now)
    {
        if (request.Kind is not { } kind || !ProposalKinds.All.Contains(kind))
            return Problem.Malformed($"kind must be one of {string.Join(", ", ProposalKinds.All)}.");
        var isNew = kind == ProposalKinds.Create;
        if (isNew != (request.Market is not null) || isNew == (request.MarketId is not null))
            return Problem.Malformed("create takes market, and resolve and invalidate take marketId.");
        if ((kind == ProposalKinds.Resolve) != (request.Outcome is not null))
            return Problem.Malformed("resolve takes outcome, and nothing else does.");
        var note = DiscrepancyRules.ReadNote(request.Note);
        if (note.Value is not { } why)
            return note.Problem!;
        if (request.Market is not { } terms)
            return new Proposal(kind, request.MarketId, request.Outcome, null, why);
        var market = Read(terms, now);
        return market.Value is { } read ? new Proposal(kind, null, null, read, why) : market.Problem!;
    }

    public static Result<ProposalAct> Read(ProposalActRequest request)
    {
        if (request.Action is not { } action || !ProposalActions.All.Contains(action))
            return Problem.Malformed($"action must be one of {string.Join(", ", ProposalActions.All)}.");
        if (action != ProposalActions.Sent)
        {
            if (request.TransactionHash is not null || request.From is not null)
                return Problem.Malformed("transactionHash and from belong to the action sent.");
            var note = DiscrepancyRules.ReadNote(request.Note);
            return note.Value is { } why ? new ProposalAct(action, why, null, null) : note.Problem!;
        }

        if (request.Note is not null)
            return Problem.Malformed("note belongs to the actions approve and withdraw.");
        if (!Hash32.TryParse(request.TransactionHash, out var hash))
            return Problem.Malformed("transactionHash must be 0x and 64 hexadecimal digits.");
        return Address.TryParse(request.From, out var from)
            ? new ProposalAct(action, $"{hash} from {from}", hash, from)
            : Problem.Malformed("from must be the wallet's address.");
    }

    private static Result<ProposedMarket> Read(NewMarketTerms terms, DateTimeOffset now)
    {
        if (Line(terms.Question, MaxQuestion) is not { } question)
            return Problem.Malformed($"question must have 1 to {MaxQuestion} characters on one line.");
        var outcomes = (terms.Outcomes ?? []).Select(name => Line(name, MaxOutcome)).OfType<string>().ToList();
        if (
            outcomes.Count is < MinOutcomes or > MaxOutcomes
            || outcomes.Count != terms.Outcomes!.Count
            || outcomes.Distinct(StringComparer.OrdinalIgnoreCase).Count() < outcomes.Count
        )
            return Problem.Malformed(
                $"outcomes must be {MinOutcomes} to {MaxOutcomes} different names of 1 to {MaxOutcome} characters on one line."
            );
        var ticks = TickSizes.FirstOrDefault(size => Decimals.Price(size) == terms.TickSize);
        if (ticks == 0)
            return Problem.Malformed($"tickSize must be one of {string.Join(", ", TickSizes.Select(Decimals.Price))}.");
        if (terms.ClosesAt is { } end && (end <= now || end > now + LongestLife))
            return Problem.Malformed("closesAt must be in the future, at most ten years away.");
        return new ProposedMarket(question, outcomes, ticks, terms.ClosesAt?.ToUniversalTime(), terms.FirmOnly);
    }

    /// <summary>
    /// Null unless it is shown as it is stored, so without marks that turn the direction: the question's hash names the market, so nothing
    /// is trimmed or left out.
    /// </summary>
    private static string? Line(string? text, int most) =>
        text is { Length: > 0 }
        && text.Length <= most
        && text.Trim() == text
        && !text.Any(one => char.IsControl(one) || one is >= '\u202A' and <= '\u202E' or >= '\u2066' and <= '\u2069')
        && text.EnumerateRunes().All(rune => rune != System.Text.Rune.ReplacementChar)
            ? text
            : null;

    private static Problem Conflict(string reason) => new(ProblemRules.StateConflict, reason);
}
