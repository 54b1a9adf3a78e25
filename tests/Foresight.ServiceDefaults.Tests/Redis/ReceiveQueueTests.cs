using Foresight.ServiceDefaults.Redis;

namespace Foresight.ServiceDefaults.Tests.Redis;

[Trait("Category", "Trust")]
public sealed class ReceiveQueueTests
{
    private readonly ReceiveQueue _queue = new(TimeProvider.System);

    [Theory]
    [InlineData(1, ReceiveQueue.MaxMessages)]
    [InlineData(1024 * 1024, ReceiveQueue.MaxBytes / (1024 * 1024))]
    public async Task WhatWaits_IsBounded_AndALossIsReportedOnceAllIsHandled(int bytes, int room)
    {
        var message = new byte[bytes];
        for (var added = 0; added < room; added++)
            Assert.True(_queue.TryAdd(message));
        for (var more = 0; more < 5; more++)
            Assert.False(_queue.TryAdd(message));
        var (handled, handledAtLoss) = (0, new List<int>());
        var last = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = _queue.RunAsync(
            taken =>
            {
                if (taken.IsEmpty)
                    last.SetResult();
                handled++;
            },
            () => handledAtLoss.Add(handled),
            _ => { }
        );
        await Eventually.TrueAsync("there is room again", Eventually.Patience, () => _queue.TryAdd(ReadOnlyMemory<byte>.Empty));
        await last.Task.WaitAsync(Eventually.Patience);
        Assert.Equal(room + 1, handled);
        // Once while the queue is full, or also once it is empty again: it depends on the loop's speed.
        Assert.InRange(handledAtLoss.Count, 1, 2);
    }

    [Fact]
    public async Task MessagesThatFit_AreHandledInOrder_WithoutAReport()
    {
        var (handled, isLost) = (new List<int>(), false);
        var last = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = _queue.RunAsync(
            taken =>
            {
                handled.Add(BitConverter.ToInt32(taken.Span));
                if (handled.Count == 1_000)
                    last.SetResult();
            },
            () => isLost = true,
            _ => { }
        );
        for (var number = 0; number < 1_000; number++)
            Assert.True(_queue.TryAdd(BitConverter.GetBytes(number)));
        await last.Task.WaitAsync(Eventually.Patience);
        Assert.Equal(Enumerable.Range(0, 1_000), handled);
        Assert.False(isLost);
    }

    [Fact]
    public async Task WhateverAHandlerThrows_TheNextMessageIsHandled()
    {
        for (var added = 0; added < ReceiveQueue.MaxMessages; added++)
            _queue.TryAdd(new byte[1]);
        Assert.False(_queue.TryAdd(new byte[1]));
        var (failures, last) = (new List<string>(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var isFirst = true;
        _ = _queue.RunAsync(
            taken =>
            {
                if (taken.IsEmpty)
                    last.SetResult();
                if (!isFirst)
                    return;
                isFirst = false;
                throw new InvalidOperationException("handle");
            },
            () => throw new InvalidOperationException("lost"),
            error => failures.Add(error.Message)
        );
        await Eventually.TrueAsync("there is room again", Eventually.Patience, () => _queue.TryAdd(ReadOnlyMemory<byte>.Empty));
        await last.Task.WaitAsync(Eventually.Patience);
        Assert.Equal("handle", failures[0]);
        Assert.Contains("lost", failures);
    }
}
