using Foresight.Protocol;

namespace Foresight.Matching.Leadership;

/// <summary>
/// Renews one lease until disposed of, and signals when it can no longer be trusted. The end of trust is a timer on the monotonic clock,
/// independent of the renewals: a renewal that hangs does not delay it, and after a pause of the whole process it fires before any other
/// work.
/// </summary>
internal sealed class LeaseKeeper : IAsyncDisposable
{
    private readonly ILeaseStore _store;
    private readonly LeaseOptions _options;
    private readonly TimeProvider _clock;
    private readonly string _resource;
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _closed = new();
    private readonly ITimer _trustEnds;
    private readonly Task _renewing;
    private LeaseView _view;
    private LeaseRecord _record;
    private string? _lossReason;

    /// <param name="sentAt">When the winning bid was sent: trust counts from there, see <see cref="LeaseRules.Acquired"/>.</param>
    public LeaseKeeper(ILeaseStore store, LeaseOptions options, TimeProvider clock, string resource, LeaseRecord record, long sentAt)
    {
        (_store, _options, _clock, _resource, _record) = (store, options, clock, resource, record);
        _view = LeaseRules.Acquired(Moment(sentAt), options);
        _trustEnds = clock.CreateTimer(_ => Lose("no renewal was confirmed in time"), null, Remaining(), Timeout.InfiniteTimeSpan);
        _renewing = RenewAsync();
    }

    public CancellationToken Lost => _lost.Token;

    public string? LossReason => Volatile.Read(ref _lossReason);

    public LeaseRecord Record => Volatile.Read(ref _record);

    public void SetEpoch(long epoch) => Change(known => known with { Epoch = epoch });

    public void SetNodeId(string nodeId) => Change(known => known with { NodeId = nodeId });

    /// <summary>Renews at once, so that the other nodes see the epoch without waiting for the next interval.</summary>
    public async Task RenewNowAsync()
    {
        var sentAt = Now();
        Apply(await _store.RenewAsync(_resource, Stamped(), _options.LeaseDuration), sentAt);
    }

    public async ValueTask DisposeAsync()
    {
        _closed.Cancel();
        await _renewing;
        await _trustEnds.DisposeAsync();
        _closed.Dispose();
    }

    private async Task RenewAsync()
    {
        try
        {
            while (!_lost.IsCancellationRequested)
            {
                var wait = _view.NextRenewalAt - Now();
                if (wait > TimeSpan.Zero)
                    await Task.Delay(wait, _clock, _closed.Token);
                await RenewNowAsync();
            }
        }
        catch (OperationCanceledException) when (_closed.IsCancellationRequested)
        {
            // The work has ended; the owner that disposes of the keeper releases the lease.
        }
        catch (Exception error)
        {
            // A defect: without renewals the node must stop leading. The owner that disposes of the keeper still has the lease to release.
            Lose($"its renewal failed: {error.Message}");
        }
    }

    private void Apply(RenewOutcome outcome, TimeSpan sentAt)
    {
        lock (_closed)
        {
            _view = LeaseRules.AfterRenewal(_view, outcome, sentAt, Now(), _options);
            if (_view.Held && !_closed.IsCancellationRequested)
                _trustEnds.Change(Remaining(), Timeout.InfiniteTimeSpan);
        }

        if (!_view.Held)
            Lose(outcome == RenewOutcome.NotOurs ? "another holder's token is in Redis" : "its renewal was confirmed too late");
    }

    private void Lose(string reason)
    {
        Interlocked.CompareExchange(ref _lossReason, reason, null);
        _lost.Cancel();
    }

    private void Change(Func<LeaseRecord, LeaseRecord> change)
    {
        lock (_closed)
            Volatile.Write(ref _record, change(_record));
    }

    private LeaseRecord Stamped() => Record with { LastRenewedAt = _clock.GetUtcNow() };

    private TimeSpan Remaining() => _view.TrustedUntil - Now() is { } left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    private TimeSpan Now() => Moment(_clock.GetTimestamp());

    private TimeSpan Moment(long timestamp) => _clock.GetElapsedTime(0, timestamp);
}
