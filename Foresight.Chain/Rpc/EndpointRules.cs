namespace Foresight.Chain.Rpc;

/// <param name="Head">Newest block that it reported; null before its first successful answer.</param>
/// <param name="IsOnOtherChain">It reported another chain id, so none of its answers can be used.</param>
/// <param name="DistrustedUntil">
/// Until then it is asked last, because an answer of it cannot be true. On the monotonic clock of the failover client.
/// </param>
/// <param name="LastError">For operators, so it is kept after a success.</param>
public sealed record EndpointHealth(
    string Name,
    long? Head = null,
    int Failures = 0,
    bool IsOnOtherChain = false,
    TimeSpan? DistrustedUntil = null,
    string? LastError = null
);

public sealed record EndpointState(string Name, bool IsWell, long? Head, long? Behind, string? LastError);

/// <summary>Pure, so that every case can be tested without a node.</summary>
public static class EndpointRules
{
    /// <summary>One failure may be chance; after this many in a row the endpoint is asked last (docs/decisions/0610).</summary>
    public const int FailureLimit = 3;

    /// <summary>Healthy nodes differ by up to two blocks now and then; one that is further behind is asked last.</summary>
    public const long LagLimit = 3;

    public static EndpointHealth AfterSuccess(EndpointHealth health) => health.Failures == 0 ? health : health with { Failures = 0 };

    /// <summary>A timeout demotes the endpoint at once, because each further attempt would cost a caller the timeout again.</summary>
    public static EndpointHealth AfterFailure(EndpointHealth health, string error, bool isSilence = false) =>
        health with
        {
            Failures = Math.Max(health.Failures + 1, isSilence ? FailureLimit : 0),
            LastError = error,
        };

    /// <summary>Long enough for a node's log index to catch up, if that is why an answer could not be true.</summary>
    public static TimeSpan DistrustFor { get; } = TimeSpan.FromSeconds(30);

    public static bool IsWell(EndpointHealth health, long bestHead, TimeSpan now) =>
        !health.IsOnOtherChain
        && health.Failures < FailureLimit
        && !(health.DistrustedUntil > now)
        && (health.Head is not { } head || bestHead - head <= LagLimit);

    public static long BestHead(IReadOnlyList<EndpointHealth> endpoints) => endpoints.Where(e => !e.IsOnOtherChain).Max(e => e.Head) ?? 0;

    /// <summary>
    /// Healthy endpoints as configured, then the others by number of failures, because a poor answer beats none; never one
    /// of another chain.
    /// </summary>
    public static IReadOnlyList<int> Order(IReadOnlyList<EndpointHealth> endpoints, TimeSpan now)
    {
        var best = BestHead(endpoints);
        return
        [
            .. endpoints
                .Index()
                .Where(e => !e.Item.IsOnOtherChain)
                .OrderBy(e => IsWell(e.Item, best, now) ? 0 : 1)
                .ThenBy(e => IsWell(e.Item, best, now) ? 0 : e.Item.Failures)
                .ThenBy(e => e.Index)
                .Select(e => e.Index),
        ];
    }
}
