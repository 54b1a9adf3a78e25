namespace Foresight.Client;

/// <summary>There is no "unknown", because the client retries until it knows.</summary>
public abstract record PlaceOutcome(string OrderId)
{
    public sealed record Acknowledged(string OrderId, string Status, string FilledAmount, long Epoch, long Sequence, bool WasInDoubt)
        : PlaceOutcome(OrderId);

    /// <param name="Code">One of <see cref="Protocol.ProblemCodes"/>; "http_NNN" if the answer had none.</param>
    public sealed record Rejected(string OrderId, int HttpStatus, string Code, string? Detail, bool WasInDoubt) : PlaceOutcome(OrderId);
}
