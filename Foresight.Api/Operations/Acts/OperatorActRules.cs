using Foresight.Api.Problems;
using Foresight.Protocol;

namespace Foresight.Api.Operations.Acts;

/// <param name="IsHeld">Halted, drained or out of rotation by an operator.</param>
/// <param name="HasHaltedItself">Of settlement: a reorganisation beyond finality waits for an operator.</param>
/// <param name="Leader">Of a leader: the node and epoch of the running term; null if there is none.</param>
/// <param name="StepsDown">Of a leader: it has been asked to in this term already.</param>
/// <param name="OtherNodes">
/// Of a node or leader: matching nodes beside it that are alive and not drained. Null: the registry cannot be read.
/// </param>
/// <param name="InFlight">
/// Of settlement: the next transaction in line, which all others wait for; null if none was sent. Never one of a former key, which nobody
/// here can sign again.
/// </param>
/// <param name="IsBumped">It has been asked for already, and is not replaced yet.</param>
/// <param name="WaitingAction">What one key has decided and another has yet to; null also if it has waited for too long.</param>
public sealed record OperatorActFacts(
    string Subject,
    bool IsHeld = false,
    bool HasHaltedItself = false,
    string? Leader = null,
    bool StepsDown = false,
    int? OtherNodes = null,
    string? WaitingAction = null,
    string? WaitingKey = null,
    long? InFlight = null,
    bool IsBumped = false
)
{
    public string State =>
        Subject switch
        {
            OperatorSubjects.Settlement when IsHeld || HasHaltedItself => "halted",
            OperatorSubjects.Settlement => IsBumped ? $"replaces batch {InFlight}" : "running",
            OperatorSubjects.Node => IsHeld ? "drained" : "applies",
            OperatorSubjects.Replica => IsHeld ? "out" : "in_rotation",
            _ => StepsDown ? $"{Leader} steps down" : Leader ?? "none",
        };
}

/// <param name="After">The facts that the act leaves.</param>
/// <param name="Waits">True: recorded, and without effect before another key has decided the same.</param>
public sealed record OperatorJudgement(OperatorActFacts After, bool Waits = false, (string Code, string Reason)? Refusal = null);

/// <summary>
/// Stopping settlement must never wait for a second person; starting it again must. No act may leave the cluster without a node that can
/// lead (docs/decisions/0731). Pure.
/// </summary>
public static class OperatorActRules
{
    /// <summary>A decision of days ago must not meet a second one that was made for other reasons.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromHours(24);

    public static OperatorJudgement Judge(OperatorActFacts facts, string action, string key, bool takesTwoKeys) =>
        action switch
        {
            OperatorActions.Halt when facts.IsHeld => Conflict(facts, "An operator has halted settlement already."),
            OperatorActions.Drain when facts.IsHeld => Conflict(facts, "The node is drained already."),
            OperatorActions.TakeOut when facts.IsHeld => Conflict(facts, "The replica is out of rotation already."),
            // A resume that waits is withdrawn by it: it was decided before whatever the halt is for.
            OperatorActions.Halt or OperatorActions.TakeOut => Done(facts with { IsHeld = true }),
            OperatorActions.Drain => LeavesAnother(facts) ?? Done(facts with { IsHeld = true }),
            OperatorActions.Undrain when !facts.IsHeld => Conflict(facts, "The node is not drained."),
            OperatorActions.PutIn when !facts.IsHeld => Conflict(facts, "No operator has taken the replica out."),
            OperatorActions.Undrain or OperatorActions.PutIn => Done(facts with { IsHeld = false }),
            OperatorActions.Withdraw when facts.WaitingAction is null => Conflict(facts, "Nothing waits for a second key."),
            OperatorActions.Withdraw => Done(facts),
            OperatorActions.Bump when facts.IsHeld || facts.HasHaltedItself => Conflict(facts, "Settlement is halted and sends nothing."),
            OperatorActions.Bump when facts.InFlight is null => Conflict(facts, "No transaction is in flight."),
            OperatorActions.Bump when facts.IsBumped => Conflict(facts, "Its replacement has been asked for already."),
            OperatorActions.Bump => Done(facts with { IsBumped = true }),
            OperatorActions.StepDown when facts.Leader is null => Conflict(facts, "No node leads it now."),
            OperatorActions.StepDown when facts.StepsDown => Conflict(facts, "Its leader has been asked to step down already."),
            OperatorActions.StepDown => LeavesAnother(facts) ?? Done(facts with { StepsDown = true }),
            OperatorActions.Resume when !facts.IsHeld && !facts.HasHaltedItself => Conflict(facts, "Settlement is not halted."),
            OperatorActions.Resume => Resume(facts, key, takesTwoKeys),
            _ => throw new ArgumentOutOfRangeException(nameof(action), action, "Read() lets only known actions pass."),
        };

    public static Result<OperatorActRequest> Read(string subject, OperatorActRequest request)
    {
        var known = OperatorActions.Of(subject);
        if (request.Action is not { } action || !known.Contains(action))
            return Problem.Malformed($"action must be one of {string.Join(", ", known)}.");
        var note = DiscrepancyRules.ReadNote(request.Note);
        return note.Value is { } read ? new OperatorActRequest(action, read) : note.Problem!;
    }

    private static OperatorJudgement Resume(OperatorActFacts facts, string key, bool takesTwoKeys)
    {
        var resumed = facts with { IsHeld = false, HasHaltedItself = false };
        if (!takesTwoKeys)
            return Done(resumed);
        var (waits, refusal) = FourEyes.Judge(facts.WaitingAction, facts.WaitingKey, OperatorActions.Resume, key);
        return waits || refusal is not null ? new OperatorJudgement(facts, waits, refusal) : Done(resumed);
    }

    /// <returns>Null if another node is there to lead.</returns>
    private static OperatorJudgement? LeavesAnother(OperatorActFacts facts) =>
        facts.OtherNodes switch
        {
            null => Conflict(facts, "Which other nodes are alive cannot be read from Redis now, so none may be there to take over."),
            0 => Conflict(facts, "No other matching node is alive and applies for leadership, so nothing could take over."),
            _ => null,
        };

    private static OperatorJudgement Done(OperatorActFacts after) => new(after);

    private static OperatorJudgement Conflict(OperatorActFacts facts, string reason) =>
        new(facts, Refusal: (ProblemRules.StateConflict, reason));
}
