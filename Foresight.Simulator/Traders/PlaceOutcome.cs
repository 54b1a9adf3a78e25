namespace Foresight.Simulator.Traders;

/// <summary>What became of an order that was sent. There is no "unknown": the client asks until it knows.</summary>
public abstract record PlaceOutcome(string OrderId)
{
    /// <summary>It is in the journal at (epoch, sequence).</summary>
    /// <param name="WasInDoubt">Some attempt ended without an answer, and the order was then found, or sent again and answered.</param>
    public sealed record Acknowledged(string OrderId, string Status, string FilledAmount, long Epoch, long Sequence, bool WasInDoubt)
        : PlaceOutcome(OrderId);

    /// <summary>It was refused and changed nothing.</summary>
    /// <param name="Code">A code of <see cref="Protocol.ProblemCodes"/>; "http_NNN" if the answer carried none.</param>
    public sealed record Rejected(string OrderId, int HttpStatus, string Code, string? Detail, bool WasInDoubt) : PlaceOutcome(OrderId);
}
