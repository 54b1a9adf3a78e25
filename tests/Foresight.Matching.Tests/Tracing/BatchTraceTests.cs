using System.Diagnostics;
using Foresight.Matching.Journal;
using Foresight.Matching.Orders;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Matching.Tests.Tracing;

public sealed class BatchTraceTests : IDisposable
{
    private readonly EndedSpans _spans = new(ActivitySources.Matching);
    private readonly Traders _traders = new(seed: 1);
    private readonly BatchTrace _batch = new(TimeProvider.System);

    public void Dispose() => _spans.Dispose();

    [Fact]
    public void OrdersOfOneBatch_HaveTheirOwnSpans_AndShareTheCommitThatTheyLinkTo()
    {
        var (first, second) = (Add(sequence: 7), Add(sequence: 8));
        Commit();
        _batch.Published();

        var commit = Assert.Single(_spans.Of(first), span => span.OperationName == SpanNames.CommitBatch);
        Assert.Equal([first, second], commit.Links.Select(link => link.Context));
        foreach (var (trace, sequence) in new[] { (first, 7L), (second, 8L) })
        {
            var gateway = Assert.Single(_spans.Of(trace), span => span.OperationName == SpanNames.Gateway);
            Assert.Equal(trace.SpanId, gateway.ParentSpanId);
            Assert.Equal(sequence, gateway.GetTagItem(SpanAttributes.Sequence));
            var stages = _spans.Of(trace).Where(span => span.ParentSpanId == gateway.SpanId).ToList();
            Assert.Equal(
                [SpanNames.Sequence, SpanNames.Match, SpanNames.Commit, SpanNames.Publish],
                stages.Select(span => span.OperationName)
            );
            Assert.Equal(commit.Context, Assert.Single(stages[2].Links).Context);
        }
    }

    [Fact]
    public void WhatIsBeyondTheLimit_GetsNoSpans()
    {
        var traces = Enumerable.Range(1, MatchingLimits.TracedCommands + 1).Select(sequence => Add(sequence)).ToList();
        Commit();
        _batch.Published();

        Assert.All(traces.SkipLast(1), trace => Assert.NotEmpty(_spans.Of(trace)));
        Assert.Empty(_spans.Of(traces[^1]));
    }

    [Fact]
    public void ACommitInDoubt_IsAnErrorOfItsOrders_AndPublishesNothing()
    {
        var trace = Add(sequence: 7);
        _batch.StartCommit(commands: 1)?.Dispose();
        _batch.Failed(ResultStatus.InDoubt, ProblemCodes.InDoubt);

        var gateway = Assert.Single(_spans.Of(trace), span => span.OperationName == SpanNames.Gateway);
        Assert.Equal(ActivityStatusCode.Error, gateway.Status);
        Assert.Equal(ProblemCodes.InDoubt, gateway.GetTagItem(SpanAttributes.Reason));
        Assert.DoesNotContain(_spans.Of(trace), span => span.OperationName == SpanNames.Publish);
    }

    [Fact]
    public void ARefusalBeforeSequencing_HasNoStages_AndIsNoError()
    {
        var trace = Add(sequence: 0, ResultStatus.Duplicate, ProblemCodes.DuplicateOrder);
        _batch.Committed();
        _batch.Published();

        var gateway = Assert.Single(_spans.Of(trace));
        Assert.Equal(ActivityStatusCode.Unset, gateway.Status);
        Assert.Equal(ProblemCodes.DuplicateOrder, gateway.GetTagItem(SpanAttributes.Reason));
    }

    private void Commit()
    {
        _batch.StartCommit(commands: 1)?.Dispose();
        _batch.Committed();
    }

    private ActivityContext Add(long sequence, ResultStatus status = ResultStatus.Accepted, string? code = null)
    {
        var caller = EndedSpans.NewTrace();
        var command = _traders.Place(1, 1, 0, isBuy: true, 5_000, 1) with { TraceParent = $"00-{caller.TraceId}-{caller.SpanId}-01" };
        var request = QueuedCommand.Read(command, deadline: long.MaxValue)!;
        var trace = OrderTrace.Of(command, TimeProvider.System)!;
        trace.Begin(TimeProvider.System);
        trace.Sequence = sequence;
        trace.End(TimeProvider.System);
        _batch.Add(request, trace, new CommandResult(command.RequestId, status, code, Epoch: 3, sequence));
        return trace.Caller;
    }
}
