using Foresight.Api.Problems;
using Foresight.Protocol;

namespace Foresight.Api.Operations.Markets;

/// <param name="State">One of <see cref="MarketStates"/>, as the journal has it.</param>
/// <param name="Held">What operators want: paused, closed, or null.</param>
/// <param name="SecondAction">
/// Resume or close that waits for a key other than <paramref name="SecondKey"/>; null also if it has waited for too long.
/// </param>
public sealed record MarketFacts(string State, string? Held, string? SecondAction, string? SecondKey);

/// <param name="Held">What operators want from now on.</param>
/// <param name="Waits">True: recorded, and without effect before another key has decided the same.</param>
/// <param name="KeepsWaiting">True: what waits for a second key goes on waiting.</param>
public sealed record MarketJudgement(
    string? Held,
    bool Waits = false,
    bool KeepsWaiting = false,
    (string Code, string Reason)? Refusal = null
);

/// <summary>
/// Stopping trade must never wait for a second person; starting it again and ending it for ever must (docs/decisions/0730). Pure.
/// </summary>
public static class MarketActRules
{
    /// <summary>A decision of days ago must not meet a second one that was made for other reasons.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromHours(24);

    public static MarketJudgement Judge(MarketFacts facts, string action, string key, bool takesTwoKeys)
    {
        if (action == MarketActions.Withdraw)
            return facts.SecondAction is null ? Conflict("Nothing waits for a second key.") : new MarketJudgement(facts.Held);
        if (facts.State is MarketStates.Closed or MarketStates.Resolved || facts.Held == MarketStates.Closed)
            return Conflict($"The market is {(facts.State is MarketStates.Resolved ? facts.State : MarketStates.Closed)} for ever.");
        switch (action)
        {
            case MarketActions.Pause when facts.Held is not null:
                return Conflict("The market is paused by an operator already.");
            case MarketActions.Pause:
                return new MarketJudgement(MarketStates.Paused, KeepsWaiting: true);
            case MarketActions.Resume when facts.Held is null:
                return Conflict("No operator has paused the market.");
        }

        var next = action == MarketActions.Close ? MarketStates.Closed : null;
        if (!takesTwoKeys)
            return new MarketJudgement(next);
        var (waits, refusal) = FourEyes.Judge(facts.SecondAction, facts.SecondKey, action, key);
        return new MarketJudgement(waits || refusal is not null ? facts.Held : next, waits, Refusal: refusal);

        MarketJudgement Conflict(string reason) => new(facts.Held, Refusal: (ProblemRules.StateConflict, reason));
    }

    public static Result<MarketActRequest> Read(MarketActRequest request)
    {
        if (request.Action is not { } action || !MarketActions.All.Contains(action))
            return Problem.Malformed($"action must be one of {string.Join(", ", MarketActions.All)}.");
        var note = DiscrepancyRules.ReadNote(request.Note);
        return note.Value is { } read ? new MarketActRequest(action, read) : note.Problem!;
    }
}
