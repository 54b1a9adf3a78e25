using Foresight.Protocol;

namespace Foresight.Matching.Leadership;

/// <summary>
/// The end of trust is a timer on the monotonic clock, independent of the renewals: a renewal that hangs does not delay it, and after a
/// pause of the whole process it fires before any other work.
/// </summary>
internal sealed class LeaseKeeper : IAsyncDisposable
{
    private readonly LeadershipStores _stores;
    private readonly LeaseOptions _options;
    private readonly TimeProvider _clock;
    private readonly Term _term;
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _closed = new();
    private readonly CancellationTokenSource _asked = new();
    private readonly ITimer _trustEnds;
    private readonly Task _renewing;
    private LeaseView _view;
    private LeaseRecord _record;
    private string? _lossReason;

    /// <param name="sentAt">When the winning bid was sent: trust counts from there, see <see cref="LeaseRules.Acquired"/>.</param>
    public LeaseKeeper(LeadershipStores stores, LeaseOptions options, TimeProvider clock, Term term, LeaseRecord record, long sentAt)
    {
        (_stores, _options, _clock, _term, _record) = (stores, options, clock, term, record);
        _view = LeaseRules.Acquired(Moment(sentAt), options);
        _trustEnds = clock.CreateTimer(_ => Lose("no renewal was confirmed in time"), null, Remaining(), Timeout.InfiniteTimeSpan);
        _renewing = RenewAsync();
    }

    public CancellationToken Lost => _lost.Token;

    /// <summary>Cancelled when an operator wants the lease to be given back, within one renewal of the request.</summary>
    public CancellationToken AskedToStepDown => _asked.Token;

    public string? LossReason => Volatile.Read(ref _lossReason);

    public LeaseRecord Record => Volatile.Read(ref _record);

    public void SetNodeId(string nodeId)
    {
        lock (_closed)
            Volatile.Write(ref _record, _record with { NodeId = nodeId });
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
                await RenewOnceAsync();
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

    private async Task RenewOnceAsync()
    {
        var sentAt = Now();
        var record = Record;
        var outcome = await _stores.Terms.RenewAsync(_term with { NodeId = record.NodeId });
        Apply(outcome, sentAt);
        // Shown with each renewal, so that a record which was deleted, damaged or forged is restored. Only after Postgres has confirmed the
        // lease: a holder of the past must not hide its successor.
        if (outcome is RenewOutcome.Renewed or RenewOutcome.AskedToStepDown)
            _stores.Board.Show(_term.Resource, record);
        // Not CancelAsync, whose callbacks run on the pool: the simulator decides what runs when.
        if (outcome == RenewOutcome.AskedToStepDown)
            _asked.Cancel();
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
            Lose(outcome == RenewOutcome.NotOurs ? "Postgres names another holder" : "its renewal was confirmed too late");
    }

    private void Lose(string reason)
    {
        Interlocked.CompareExchange(ref _lossReason, reason, null);
        _lost.Cancel();
    }

    private TimeSpan Remaining() => _view.TrustedUntil - Now() is { } left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    private TimeSpan Now() => Moment(_clock.GetTimestamp());

    private TimeSpan Moment(long timestamp) => _clock.GetElapsedTime(0, timestamp);
}
