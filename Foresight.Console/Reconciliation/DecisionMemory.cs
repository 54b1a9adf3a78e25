namespace Foresight.Console.Reconciliation;

/// <summary>
/// The last decision about many and the last about one, of the circuit, so that an operator who left the page and comes back can still
/// undo them. Bounded: one of each kind, for half an hour, until it is undone, kept for good, or another takes its place.
/// </summary>
public sealed class DecisionMemory(TimeProvider clock)
{
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(30);

    private MadeDecision? _many;
    private MadeDecision? _single;

    public MadeDecision? Many => Offered(_many);

    public MadeDecision? Single(long id) => Offered(_single) is { } made && made.Single == id ? made : null;

    /// <summary>What is still to be undone of a decision, which its time identifies: its batch changes on the way back.</summary>
    public MadeDecision Latest(MadeDecision made) =>
        (made.Single is { } id ? Single(id) : Many) is { } kept && kept.At == made.At ? kept : made;

    public void Keep(MadeDecision made)
    {
        if (made.Single is null)
            _many = made;
        else
            _single = made;
    }

    private MadeDecision? Offered(MadeDecision? made) => made is { Former.Count: > 0 } && clock.GetUtcNow() < made.At + Kept ? made : null;
}
