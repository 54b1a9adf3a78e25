using System.Diagnostics;
using Foresight.Contracts;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Matching.Pipeline;

/// <summary>The sampled commands of a batch, and the spans that they become.</summary>
internal sealed class BatchTrace(TimeProvider clock)
{
    private readonly List<(Request Request, OrderTrace Trace, DoorResult Result)> _orders = [];
    private ActivityContext _commit;
    private DateTime _committingAt;
    private DateTime _committedAt;

    /// <summary>The span of what the journal is asked about these items; null if none of them is sampled.</summary>
    public static Activity? StartLookUp(List<WorkItem> items) => TraceContext.StartBatch(
        ActivitySources.Matching, SpanNames.LookUpBatch,
        items.OfType<Request>().Where(request => request.Trace is not null).Select(request => request.Trace!.Caller));

    public void Add(Request request, OrderTrace trace, DoorResult result)
    {
        if (_orders.Count < PipelineLimits.TracedCommands) _orders.Add((request, trace, result));
    }

    /// <summary>The span of the batch's transaction, with Npgsql's below it.</summary>
    public Activity? StartCommit(int commands)
    {
        _committingAt = Now();
        var span = TraceContext.StartBatch(ActivitySources.Matching, SpanNames.CommitBatch, _orders.Select(order => order.Trace.Caller));
        span?.SetTag(SpanAttributes.BatchSize, commands);
        _commit = span?.Context ?? default;
        return span;
    }

    public void Committed() => _committedAt = Now();

    /// <summary>After the batch's messages went out.</summary>
    public void Published()
    {
        var publishedAt = Now();
        foreach (var (request, trace, result) in _orders) Emit(request, trace, result, publishedAt);
    }

    /// <summary>The commit failed, or nobody knows.</summary>
    public void Failed(DoorStatus status, string code)
    {
        Committed();
        foreach (var (request, trace, result) in _orders) Emit(request, trace, result with { Status = status, Code = code }, publishedAt: null);
    }

    private void Emit(Request request, OrderTrace trace, DoorResult result, DateTime? publishedAt)
    {
        ActivityLink[] delivery = trace.Delivery == default ? [] : [new(trace.Delivery)];
        using var gateway = ActivitySources.Matching.StartActivity(
            SpanNames.Gateway, ActivityKind.Server, trace.Caller, links: delivery, startTime: trace.ReceivedAt);
        if (gateway is null) return;
        Describe(gateway, request.Command, result);
        gateway.SetEndTime(_committedAt);
        if (trace.Sequence == 0) return;

        gateway.SetTag(SpanAttributes.Epoch, result.Epoch).SetTag(SpanAttributes.Sequence, trace.Sequence);
        Stage(SpanNames.Sequence, trace.ReceivedAt, trace.MatchingAt);
        Stage(SpanNames.Match, trace.MatchingAt, trace.MatchedAt);
        Stage(SpanNames.Commit, _committingAt, _committedAt, _commit == default ? [] : [new ActivityLink(_commit)]);
        // What the exchange refused is in the journal, and nothing of it is published.
        if (publishedAt is { } sent && result.Status == DoorStatus.Accepted) Stage(SpanNames.Publish, _committedAt, sent);

        void Stage(string name, DateTime from, DateTime to, ActivityLink[]? links = null)
        {
            using var span = ActivitySources.Matching.StartActivity(name, ActivityKind.Internal, gateway.Context, links: links, startTime: from);
            span?.SetEndTime(to);
        }
    }

    private static void Describe(Activity gateway, DoorCommand command, DoorResult result)
    {
        gateway.SetTag(SpanAttributes.Command, command.Kind.ToString()).SetTag(SpanAttributes.Result, result.Status.ToString());
        if ((command.Order?.Hash ?? command.Cancel?.Hash) is { } hash) gateway.SetTag(SpanAttributes.OrderId, hash);
        if ((command.Order?.MarketId ?? command.Cancel?.MarketId) is { } market) gateway.SetTag(SpanAttributes.MarketId, market);
        if (result.Code is null) return;
        gateway.SetTag(SpanAttributes.Reason, result.Code);
        // A refusal is an answer; only what was not done, or is in doubt, is an error.
        if (result.Status is DoorStatus.InDoubt or DoorStatus.NotLeader) gateway.SetStatus(ActivityStatusCode.Error, result.Code);
    }

    private DateTime Now() => clock.GetUtcNow().UtcDateTime;
}
