using Foresight.Protocol;

namespace Foresight.Matching.Leadership;

/// <summary>
/// Renews one lease until it is disposed of, and says when it can no longer be trusted. The end of trust is a timer on the monotonic
/// clock, beside the renewals: a renewal that hangs does not delay it, and after a pause of the whole process it fires first thing.
/// </summary>
internal sealed class LeaseKeeper : IAsyncDisposable
{
    private readonly ILeaseStore store;
    private readonly LeaseOptions options;
    private readonly TimeProvider clock;
    private readonly string resource;
    private readonly CancellationTokenSource lost = new();
    private readonly CancellationTokenSource closed = new();
    private readonly ITimer trustEnds;
    private readonly Task renewing;
    private LeaseView view;
    private LeaseRecord record;
    private string? lossReason;

    /// <param name="sentAt">Timestamp of when the winning bid was sent.</param>
    public LeaseKeeper(ILeaseStore store, LeaseOptions options, TimeProvider clock, string resource, LeaseRecord record, long sentAt)
    {
        (this.store, this.options, this.clock, this.resource, this.record) = (store, options, clock, resource, record);
        view = LeaseRules.Acquired(Moment(sentAt), options);
        trustEnds = clock.CreateTimer(_ => Lose("no renewal was confirmed in time"), null, Remaining(), Timeout.InfiniteTimeSpan);
        renewing = RenewAsync();
    }

    public CancellationToken Lost => lost.Token;

    /// <summary>Why the lease was lost; null while it is held.</summary>
    public string? LossReason => Volatile.Read(ref lossReason);

    public LeaseRecord Record => Volatile.Read(ref record);

    /// <summary>From the next renewal on the record carries the epoch.</summary>
    public void SetEpoch(long epoch) => Change(known => known with { Epoch = epoch });

    /// <summary>From the next renewal on the record carries the holder's new name.</summary>
    public void SetNodeId(string nodeId) => Change(known => known with { NodeId = nodeId });

    /// <summary>Renews now, so that the others see the epoch at once.</summary>
    public async Task RenewNowAsync()
    {
        var sentAt = Now();
        Apply(await store.RenewAsync(resource, Stamped(), options.LeaseDuration), sentAt);
    }

    public async ValueTask DisposeAsync()
    {
        closed.Cancel();
        await renewing;
        await trustEnds.DisposeAsync();
        closed.Dispose();
    }

    private async Task RenewAsync()
    {
        try
        {
            while (!lost.IsCancellationRequested)
            {
                var wait = view.NextRenewalAt - Now();
                if (wait > TimeSpan.Zero) await Task.Delay(wait, clock, closed.Token);
                await RenewNowAsync();
            }
        }
        catch (OperationCanceledException) when (closed.IsCancellationRequested)
        {
            // The work is done; whoever disposes of this releases the lease.
        }
        catch (Exception error)
        {
            // A defect: nobody renews any more, so nobody may go on leading; and whoever disposes of this has the lease to give back.
            Lose($"renewing it failed: {error.Message}");
        }
    }

    private void Apply(RenewOutcome outcome, TimeSpan sentAt)
    {
        lock (closed)
        {
            view = LeaseRules.AfterRenewal(view, outcome, sentAt, Now(), options);
            if (view.Held && !closed.IsCancellationRequested) trustEnds.Change(Remaining(), Timeout.InfiniteTimeSpan);
        }

        if (!view.Held) Lose(outcome == RenewOutcome.NotOurs ? "somebody else holds it" : "the renewal was confirmed too late");
    }

    private void Lose(string reason)
    {
        Interlocked.CompareExchange(ref lossReason, reason, null);
        lost.Cancel();
    }

    private void Change(Func<LeaseRecord, LeaseRecord> change)
    {
        lock (closed) Volatile.Write(ref record, change(record));
    }

    private LeaseRecord Stamped() => Record with { LastRenewedAt = clock.GetUtcNow() };

    private TimeSpan Remaining() => view.TrustedUntil - Now() is { } left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    private TimeSpan Now() => Moment(clock.GetTimestamp());

    private TimeSpan Moment(long timestamp) => clock.GetElapsedTime(0, timestamp);
}
