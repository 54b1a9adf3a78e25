namespace Foresight.Chain.Rpc;

/// <summary>What is known of one endpoint.</summary>
/// <param name="Head">Newest block it told of; null: never asked with success.</param>
/// <param name="Failures">In a row.</param>
/// <param name="IsOnOtherChain">It told of another chain id: nothing it says can be used.</param>
/// <param name="DistrustedUntil">It told what cannot be true; until then it is asked last. On the monotonic clock of its keeper.</param>
/// <param name="LastError">Of the last failure; kept after a success, for people.</param>
public sealed record EndpointHealth(
    string Name,
    long? Head = null,
    int Failures = 0,
    bool IsOnOtherChain = false,
    TimeSpan? DistrustedUntil = null,
    string? LastError = null
);

/// <summary>An endpoint as people see it.</summary>
/// <param name="IsWell">It is asked in its turn; one that is not is asked last.</param>
/// <param name="Behind">Blocks behind the best endpoint; null: it never told its head.</param>
public sealed record EndpointState(string Name, bool IsWell, long? Head, long? Behind, string? LastError);

/// <summary>Which of several endpoints to ask, and in which order. Pure.</summary>
public static class EndpointRules
{
    /// <summary>Requests in a row that fail before an endpoint is asked last.</summary>
    public const int FailureLimit = 3;

    /// <summary>Blocks behind the best endpoint before one is asked last: two is what good nodes differ by now and then.</summary>
    public const long LagLimit = 3;

    public static EndpointHealth AfterSuccess(EndpointHealth health) => health.Failures == 0 ? health : health with { Failures = 0 };

    /// <summary>One that was waited for in vain is out at once: each further try would cost its caller the whole wait.</summary>
    public static EndpointHealth AfterFailure(EndpointHealth health, string error, bool isSilence = false) =>
        health with
        {
            Failures = Math.Max(health.Failures + 1, isSilence ? FailureLimit : 0),
            LastError = error,
        };

    /// <summary>How long one that told what cannot be true is asked last: enough for an index of logs to catch up.</summary>
    public static TimeSpan DistrustFor { get; } = TimeSpan.FromSeconds(30);

    public static bool IsWell(EndpointHealth health, long bestHead, TimeSpan now) =>
        !health.IsOnOtherChain
        && health.Failures < FailureLimit
        && !(health.DistrustedUntil > now)
        && (health.Head is not { } head || bestHead - head <= LagLimit);

    public static long BestHead(IReadOnlyList<EndpointHealth> endpoints) => endpoints.Where(e => !e.IsOnOtherChain).Max(e => e.Head) ?? 0;

    /// <summary>
    /// Indexes in the order of asking: those that are well as they were configured, then the others, least failures first; never one of
    /// another chain. An endpoint that is not well is still better than no answer.
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
