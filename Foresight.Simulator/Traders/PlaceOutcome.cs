namespace Foresight.Simulator.Traders;

/// <summary>Final result of an order. There is no "unknown": the client retries until it knows.</summary>
public abstract record PlaceOutcome(string OrderId)
{
    /// <param name="WasInDoubt">True if an attempt had no answer and a later read or retry settled it.</param>
    public sealed record Acknowledged(string OrderId, string Status, string FilledAmount, long Epoch, long Sequence, bool WasInDoubt)
        : PlaceOutcome(OrderId);

    /// <summary>Refused without any effect.</summary>
    /// <param name="Code">One of <see cref="Protocol.ProblemCodes"/>; "http_NNN" if the answer had none.</param>
    public sealed record Rejected(string OrderId, int HttpStatus, string Code, string? Detail, bool WasInDoubt) : PlaceOutcome(OrderId);
}
