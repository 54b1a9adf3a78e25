namespace Foresight.Chain.Rpc;

/// <summary>What is known of one endpoint.</summary>
/// <param name="Head">Newest block it told of; null: never asked with success.</param>
/// <param name="Failures">In a row.</param>
/// <param name="IsOnOtherChain">It told of another chain id: nothing it says can be used.</param>
/// <param name="LastError">Of the last failure; kept after a success, for people.</param>
public sealed record EndpointHealth(string Name, long? Head = null, int Failures = 0, bool IsOnOtherChain = false, string? LastError = null);

/// <summary>Which of several endpoints to ask, and in which order. Pure.</summary>
public static class EndpointRules
{
    /// <summary>Requests in a row that fail before an endpoint is asked last.</summary>
    public const int FailureLimit = 3;

    /// <summary>Blocks behind the best endpoint before one is asked last: two is what good nodes differ by now and then.</summary>
    public const long LagLimit = 3;

    public static EndpointHealth AfterSuccess(EndpointHealth health) => health.Failures == 0 ? health : health with { Failures = 0 };

    public static EndpointHealth AfterFailure(EndpointHealth health, string error) => health with { Failures = health.Failures + 1, LastError = error };

    public static bool IsWell(EndpointHealth health, long bestHead)
        => !health.IsOnOtherChain && health.Failures < FailureLimit && (health.Head is not { } head || bestHead - head <= LagLimit);

    /// <summary>
    /// Indexes in the order of asking: those that are well as they were configured, then the others, least failures first; never one of
    /// another chain. An endpoint that is not well is still better than no answer.
    /// </summary>
    public static IReadOnlyList<int> Order(IReadOnlyList<EndpointHealth> endpoints)
    {
        var best = endpoints.Where(e => !e.IsOnOtherChain).Max(e => e.Head) ?? 0;
        return
        [
            .. endpoints.Index().Where(e => !e.Item.IsOnOtherChain)
                .OrderBy(e => IsWell(e.Item, best) ? 0 : 1)
                .ThenBy(e => IsWell(e.Item, best) ? 0 : e.Item.Failures)
                .ThenBy(e => e.Index)
                .Select(e => e.Index),
        ];
    }
}
