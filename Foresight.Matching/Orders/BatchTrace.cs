using System.Diagnostics;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Matching.Orders;

/// <summary>
/// The loop's thread takes only the moments at which a sampled command passed its stages; the spans are made of them when the batch is
/// published. A command that is not sampled has no such object and costs nothing.
/// </summary>
/// <param name="caller">The Api's span, which the journal keeps with the order.</param>
/// <param name="delivery">The HTTP request that carried the command in a batch; default if there is none.</param>
internal sealed class OrderTrace(ActivityContext caller, ActivityContext delivery, DateTime receivedAt)
{
    public ActivityContext Caller => caller;

    public ActivityContext Delivery => delivery;

    public DateTime ReceivedAt => receivedAt;

    public DateTime MatchingAt { get; private set; }

    public DateTime MatchedAt { get; private set; }

    /// <summary>0 if the command was answered without being sequenced, so that it has no spans of the later stages.</summary>
    public long Sequence { get; set; }

    public static OrderTrace? Of(LeaderCommand command, TimeProvider clock) =>
        TraceContext.Parse(command.TraceParent) is { } caller
            ? new OrderTrace(caller, Activity.Current?.Context ?? default, clock.GetUtcNow().UtcDateTime)
            : null;

    /// <summary>Called again if the batch is matched a second time, without a command that failed.</summary>
    public void Begin(TimeProvider clock) => (MatchingAt, Sequence) = (clock.GetUtcNow().UtcDateTime, 0);

    public void End(TimeProvider clock) => MatchedAt = clock.GetUtcNow().UtcDateTime;
}

/// <summary>Makes spans after publication and off the loop's thread, so that tracing delays no order.</summary>
internal sealed class BatchTrace(TimeProvider clock)
{
    private readonly List<(QueuedCommand Request, OrderTrace Trace, CommandResult Result)> _orders = [];
    private ActivityContext _commit;
    private DateTime _committingAt;
    private DateTime _committedAt;

    public static Activity? StartLookUp(List<WorkItem> items) =>
        TraceContext.StartBatch(
            ActivitySources.Matching,
            SpanNames.LookUpBatch,
            items.OfType<QueuedCommand>().Where(request => request.Trace is not null).Select(request => request.Trace!.Caller)
        );

    public void Add(QueuedCommand request, OrderTrace trace, CommandResult result)
    {
        if (_orders.Count < MatchingLimits.TracedCommands)
            _orders.Add((request, trace, result));
    }

    public Activity? StartCommit(int commands)
    {
        _committingAt = Now();
        var span = TraceContext.StartBatch(ActivitySources.Matching, SpanNames.CommitBatch, _orders.Select(order => order.Trace.Caller));
        span?.SetTag(SpanAttributes.BatchSize, commands);
        _commit = span?.Context ?? default;
        return span;
    }

    public void Committed() => _committedAt = Now();

    public void Published()
    {
        var publishedAt = Now();
        foreach (var (request, trace, result) in _orders)
            Emit(request, trace, result, publishedAt);
    }

    public void Failed(ResultStatus status, string code)
    {
        Committed();
        foreach (var (request, trace, result) in _orders)
            Emit(request, trace, result with { Status = status, Code = code }, publishedAt: null);
    }

    private void Emit(QueuedCommand request, OrderTrace trace, CommandResult result, DateTime? publishedAt)
    {
        ActivityLink[] delivery = trace.Delivery == default ? [] : [new(trace.Delivery)];
        using var gateway = ActivitySources.Matching.StartActivity(
            SpanNames.Gateway,
            ActivityKind.Server,
            trace.Caller,
            links: delivery,
            startTime: trace.ReceivedAt
        );
        if (gateway is null)
            return;
        Describe(gateway, request.Command, result);
        gateway.SetEndTime(_committedAt);
        if (trace.Sequence == 0)
            return;

        gateway.SetTag(SpanAttributes.Epoch, result.Epoch).SetTag(SpanAttributes.Sequence, trace.Sequence);
        Stage(SpanNames.Sequence, trace.ReceivedAt, trace.MatchingAt);
        Stage(SpanNames.Match, trace.MatchingAt, trace.MatchedAt);
        Stage(SpanNames.Commit, _committingAt, _committedAt, _commit == default ? [] : [new ActivityLink(_commit)]);
        // A command that the engine rejected is in the journal, but nothing of it is published.
        if (publishedAt is { } sent && result.Status == ResultStatus.Accepted)
            Stage(SpanNames.Publish, _committedAt, sent);

        void Stage(string name, DateTime from, DateTime to, ActivityLink[]? links = null)
        {
            using var span = ActivitySources.Matching.StartActivity(
                name,
                ActivityKind.Internal,
                gateway.Context,
                links: links,
                startTime: from
            );
            span?.SetEndTime(to);
        }
    }

    private static void Describe(Activity gateway, LeaderCommand command, CommandResult result)
    {
        gateway.SetTag(SpanAttributes.Command, command.Kind).SetTag(SpanAttributes.Result, result.Status.ToString());
        (string? Hash, int? Market) about = command switch
        {
            PlaceOrder order => (order.Hash, order.MarketId),
            CancelByHash cancel => (cancel.Hash, cancel.MarketId),
            ReduceOrder reduce => (reduce.Hash, reduce.MarketId),
            CancelBySalt cancel => (null, cancel.MarketId),
            _ => default,
        };
        if (about.Hash is { } hash)
            gateway.SetTag(SpanAttributes.OrderId, hash);
        if (about.Market is { } market)
            gateway.SetTag(SpanAttributes.MarketId, market);
        if (result.Code is null)
            return;
        gateway.SetTag(SpanAttributes.Reason, result.Code);
        // A rejection is a regular answer; only a command that was not carried out, or is in doubt, is an error.
        if (result.Status is ResultStatus.InDoubt or ResultStatus.NotLeader)
            gateway.SetStatus(ActivityStatusCode.Error, result.Code);
    }

    private DateTime Now() => clock.GetUtcNow().UtcDateTime;
}
