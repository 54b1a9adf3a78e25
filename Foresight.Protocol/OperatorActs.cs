namespace Foresight.Protocol;

/// <summary>What an operator acts on, besides markets.</summary>
public static class OperatorSubjects
{
    public const string Settlement = "settlement";

    /// <summary>A matching node.</summary>
    public const string Node = "node";

    /// <summary>A read replica, by the name that every Api node gives it.</summary>
    public const string Replica = "replica";

    /// <summary>The leader of one of <see cref="LeasedResources"/>.</summary>
    public const string Leader = "leader";

    /// <summary>Id of the subject that there is only one of.</summary>
    public const string OnlyOne = "all";
}

public static class OperatorActions
{
    /// <summary>Settlement signs and sends nothing from now on; what is in flight is followed. Takes one key.</summary>
    public const string Halt = "halt";

    /// <summary>
    /// Ends an operator's halt, and allows the reorganisation that settlement has halted by itself for. Takes two keys if there are
    /// several.
    /// </summary>
    public const string Resume = "resume";

    /// <summary>Takes back a resume that waits for a second key.</summary>
    public const string Withdraw = "withdraw";

    /// <summary>The next transaction in line is replaced at once by one with a higher fee, up to the cap. Takes one key.</summary>
    public const string Bump = "bump";

    /// <summary>The leader finishes what it has and gives its lease back; another node takes it.</summary>
    public const string StepDown = "step_down";

    /// <summary>The node gives back what it leads, and does not apply for leadership until <see cref="Undrain"/>.</summary>
    public const string Drain = "drain";

    public const string Undrain = "undrain";

    /// <summary>No Api node reads from the replica until <see cref="PutIn"/>.</summary>
    public const string TakeOut = "take_out";

    public const string PutIn = "put_in";

    /// <param name="subject">One of <see cref="OperatorSubjects"/>.</param>
    public static IReadOnlyList<string> Of(string subject) =>
        subject switch
        {
            OperatorSubjects.Settlement => [Halt, Resume, Withdraw, Bump],
            OperatorSubjects.Node => [Drain, Undrain],
            OperatorSubjects.Replica => [TakeOut, PutIn],
            OperatorSubjects.Leader => [StepDown],
            _ => [],
        };
}

/// <param name="Action">One of <see cref="OperatorActions"/> that the subject has.</param>
/// <param name="Note">Why; 1 to 2,000 characters.</param>
public sealed record OperatorActRequest(string? Action, string? Note);

/// <summary>Settlement halted, a node drained, or a replica out of rotation, by an operator.</summary>
/// <param name="By">Name that the operator stated.</param>
/// <param name="Key">Name of the admin key.</param>
public sealed record OperatorHold(string Subject, string SubjectId, DateTimeOffset Since, string By, string Key, string Note);

/// <summary>An act that one key has decided and another has yet to.</summary>
public sealed record WaitingAct(string Subject, string SubjectId, string Action, string By, string Key, DateTimeOffset At);

/// <param name="TakesTwoKeys">A resume of settlement waits for a second key. False if the answering node was given only one.</param>
/// <param name="Holds">By subject and id, at most 500.</param>
public sealed record OperatorControls(bool TakesTwoKeys, IReadOnlyList<OperatorHold> Holds, IReadOnlyList<WaitingAct> Waiting)
{
    public OperatorHold? HoldOf(string subject, string id) => Holds.FirstOrDefault(hold => (hold.Subject, hold.SubjectId) == (subject, id));
}
