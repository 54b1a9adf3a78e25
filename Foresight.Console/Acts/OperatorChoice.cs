namespace Foresight.Console.Acts;

/// <param name="Action">One of <see cref="Protocol.OperatorActions"/>.</param>
/// <param name="Word">To be typed, and names what is acted on, so that a hand that is in the wrong place stops. Null: at once.</param>
/// <param name="Effect">What follows, after "Type … to do it".</param>
/// <param name="Outcome">What the notice after it reports.</param>
public sealed record OperatorChoice(string Action, string Label, string? Word, string Effect, string Outcome)
{
    public bool IsDanger { get; init; }

    public bool TakesTwoKeys { get; init; }
}
