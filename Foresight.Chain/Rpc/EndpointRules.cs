namespace Foresight.Chain.Rpc;

/// <param name="Head">Newest block that it reported; null before its first successful answer.</param>
/// <param name="IsOnOtherChain">True if it reported another chain id: none of its answers can be used.</param>
/// <param name="DistrustedUntil">End of the time for which it is asked last, after an answer that
/// cannot be true. On the monotonic clock of the failover client.</param>
/// <param name="LastError">Text of the last failure, for operators; kept after a success.</param>
public sealed record EndpointHealth(
    string Name,
    long? Head = null,
    int Failures = 0,
    bool IsOnOtherChain = false,
    TimeSpan? DistrustedUntil = null,
    string? LastError = null
);

/// <param name="IsWell">False if the endpoint is asked only after all others.</param>
/// <param name="Behind">Blocks behind the best endpoint; null if it never reported a block.</param>
public sealed record EndpointState(string Name, bool IsWell, long? Head, long? Behind, string? LastError);

/// <summary>Decides which endpoint to ask, and in which order. Pure, so that every case can be tested without a node.</summary>
public static class EndpointRules
{
    /// <summary>Consecutive failures after which an endpoint is asked last.</summary>
    public const int FailureLimit = 3;

    /// <summary>
    /// Blocks behind the best endpoint from which an endpoint is asked last. Healthy nodes differ by up to two now and then.
    /// </summary>
    public const long LagLimit = 3;

    public static EndpointHealth AfterSuccess(EndpointHealth health) => health.Failures == 0 ? health : health with { Failures = 0 };

    /// <summary>A timeout demotes the endpoint at once: each further attempt would cost a caller the whole timeout.</summary>
    public static EndpointHealth AfterFailure(EndpointHealth health, string error, bool isSilence = false) =>
        health with
        {
            Failures = Math.Max(health.Failures + 1, isSilence ? FailureLimit : 0),
            LastError = error,
        };

    /// <summary>
    /// Time for which an endpoint is asked last after an answer that cannot be true: long enough for a log index to catch up.
    /// </summary>
    public static TimeSpan DistrustFor { get; } = TimeSpan.FromSeconds(30);

    public static bool IsWell(EndpointHealth health, long bestHead, TimeSpan now) =>
        !health.IsOnOtherChain
        && health.Failures < FailureLimit
        && !(health.DistrustedUntil > now)
        && (health.Head is not { } head || bestHead - head <= LagLimit);

    public static long BestHead(IReadOnlyList<EndpointHealth> endpoints) => endpoints.Where(e => !e.IsOnOtherChain).Max(e => e.Head) ?? 0;

    /// <summary>
    /// Indexes in the order of asking: healthy endpoints as configured, then the others by number of failures, never one of another chain.
    /// Unhealthy endpoints remain in the list, because a poor answer beats none.
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
