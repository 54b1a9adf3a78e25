using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace Foresight.Matching.Leadership;

/// <summary>
/// Follows and leads one resource, with one function per state: <see cref="FollowAsync"/> looks at the lease, <see cref="BidAsync"/> bids
/// for it as a candidate, <see cref="LeadAsync"/> runs one term. Each requires the result of the one before. No fault of Redis or Postgres
/// ends the loop, only the end of the process. README.md of this folder describes the states and the failures.
/// </summary>
public sealed partial class LeadershipLoop(
    string resource,
    ILeaderTask work,
    LeadershipServices services,
    NodeIdentity identity,
    IHostApplicationLifetime lifetime,
    ILogger<LeadershipLoop> logger
) : BackgroundService
{
    /// <summary>A node whose term ended in an error lets the others bid first: the cause may be local to it.</summary>
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(1);

    private readonly LeaseOptions _options = services.Options;
    private readonly LeadershipStores _stores = services.Stores;
    private readonly TimeProvider _clock = services.Clock;
    private readonly LeadershipState _state = new(services.Clock, services.Options);
    private readonly TermReporter _reporter = new(resource, services, lifetime, logger);
    private readonly WakeSignal _wake = new();

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => RunAsync(stoppingToken);

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        // ApplicationStopping fires before the web server stops, so the lease moves to another node while this one still answers.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        var broadcast = services.Outlets.Broadcast;
        _reporter.Starts();
        broadcast.Subscribe<LeaderMessage>(Channels.ClusterLeader, WakeWhenReleased);
        broadcast.Restored += _wake.Set;
        try
        {
            await AddressIsKnownAsync(ending.Token);
            while (!ending.IsCancellationRequested)
                await GuardedStepAsync(ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The process is stopping.
        }
        finally
        {
            broadcast.Restored -= _wake.Set;
        }
    }

    /// <summary>Catches a defect of the program, because the process has other resources to lead and the next step may succeed.</summary>
    private async Task GuardedStepAsync(CancellationToken cancellationToken)
    {
        try
        {
            await StepAsync(cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            Log.StepFailed(logger, error, resource);
            await Task.Delay(PauseAfterFailure, _clock, cancellationToken);
        }
    }

    private async Task StepAsync(CancellationToken cancellationToken)
    {
        if (await TryWinAsync(cancellationToken) is not { } won)
        {
            await _wake.WaitAsync(_state.NextLook, _clock, cancellationToken);
            return;
        }

        bool finished;
        try
        {
            finished = await LeadAsync(won, cancellationToken);
        }
        finally
        {
            services.Placement.Release(resource);
        }

        if (!finished && !cancellationToken.IsCancellationRequested)
            await Task.Delay(PauseAfterFailure, _clock, cancellationToken);
    }

    /// <returns>Null if this node remains a follower. A Redis that does not answer is never taken for a vacant lease.</returns>
    private async Task<WonBid?> TryWinAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await FollowAsync(cancellationToken) is { } vacancy ? await BidAsync(vacancy) : null;
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            if (!_state.RedisIsSilent)
                Log.RedisSilent(logger, resource, error.Message);
            _state.RedisIsSilent = true;
            services.Placement.Release(resource);
            return null;
        }
    }

    private async Task<Vacancy?> FollowAsync(CancellationToken cancellationToken)
    {
        _state.NextLook = _options.PollInterval;
        var reading = await GiveBackOwnAsync(await _stores.Leases.ReadAsync(resource, _options.LeaseDuration));
        if (_state.RedisIsSilent)
            Log.RedisSpeaks(logger, resource);
        _state.RedisIsSilent = false;
        if (reading.Held)
        {
            if (reading.Holder is null || !await _stores.Crashes.HasCrashedAsync(resource, reading.Holder, cancellationToken))
            {
                _state.SeeHeld(reading.Holder);
                return null;
            }

            if (!_state.IsVacant)
                Log.HolderCrashed(logger, reading.Holder.NodeId, resource);
        }

        return MayBid() ? new Vacancy(reading.Holder) : null;
    }

    /// <summary>
    /// Releases a lease with one of this node's own tokens under which no term runs. A renewal that reached Redis after the key had
    /// expired, or a bid whose answer was lost, leaves such a lease; it would block every node for a whole lease duration.
    /// </summary>
    private async Task<LeaseReading> GiveBackOwnAsync(LeaseReading reading)
    {
        if (reading.Holder is not { } holder || !_state.OwnTokens.Contains(holder.Token))
            return reading;
        Log.OwnLeaseFound(logger, resource);
        await _stores.Leases.ReleaseAsync(resource, holder);
        return default;
    }

    /// <summary>
    /// Returns false for a moment if this node leads other shards, so that nodes with fewer shards bid first. On true the shard counts as
    /// led by this node.
    /// </summary>
    private bool MayBid()
    {
        var vacantFor = _state.SeeVacant();
        if (services.Placement.TryClaim(resource, vacantFor, _options, out var delay))
            return true;
        _state.NextLook = delay - vacantFor < _options.PollInterval ? delay - vacantFor : _options.PollInterval;
        return false;
    }

    private async Task<WonBid?> BidAsync(Vacancy vacancy)
    {
        var phases = _state.BeginTakeOver(crashed: vacancy.Crashed is not null);
        phases.Reach(FailoverPhases.Detected);
        var now = _clock.GetUtcNow();
        var record = new LeaseRecord(identity.Id, services.Outlets.Presence.Address, services.NewToken(), Epoch: 0, now, now);
        // Remembered before the bid is sent: even without an answer the token may be in the key.
        _state.OwnTokens.Add(record.Token);
        var sentAt = _clock.GetTimestamp();
        var won = vacancy.Crashed is { } dead
            ? await _stores.Leases.TryReplaceAsync(resource, dead.Token, record, _options.LeaseDuration)
            : await _stores.Leases.TryAcquireAsync(resource, record, _options.LeaseDuration);
        _reporter.BidDone(won);
        if (!won)
        {
            Log.BidLost(logger, resource);
            services.Placement.Release(resource);
            return null;
        }

        phases.Reach(FailoverPhases.LeaseTaken);
        _reporter.LeaseTaken(phases);
        return new WonBid(record, sentAt, phases, vacancy.Crashed?.NodeId);
    }

    private async Task<bool> LeadAsync(WonBid won, CancellationToken ending)
    {
        // A hand-over to another node ends the term in the same way as the end of the process.
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(ending, services.Placement.HandsOver(resource));
        var stopping = leaving.Token;
        _state.BeginTerm();
        var sessionName = LeaderSessions.NameOf(resource, won.Record.Token);
        // Kept open until the lease is released, because a term without sessions looks crashed to the followers. Opened before the first
        // renewal.
        await using var sessions = _stores.Sessions.Open(sessionName);
        var keeper = new LeaseKeeper(_stores.Leases, _options, _clock, resource, won.Record, won.SentAt);
        try
        {
            identity.Renamed += keeper.SetNodeId;
            keeper.SetNodeId(identity.Id);
            _reporter.Acquiring();
            var term = await TakeTermAsync(won, keeper, sessionName);
            using var watched = stopping.Register(() => _reporter.Draining(term.Epoch));
            await work.LeadAsync(new Lease(term, sessions, keeper.Lost, stopping, phase => _reporter.Reach(won.Phases, phase, term)));
            return true;
        }
        catch (OperationCanceledException) when (keeper.Lost.IsCancellationRequested || stopping.IsCancellationRequested)
        {
            return true;
        }
        catch (Exception error)
        {
            LogFailure(error, keeper.Record.Epoch);
            return false;
        }
        finally
        {
            identity.Renamed -= keeper.SetNodeId;
            await EndTermAsync(keeper);
        }
    }

    /// <summary>Takes the next epoch. From its commit on, no transaction of an earlier term can commit.</summary>
    private async Task<Term> TakeTermAsync(WonBid won, LeaseKeeper keeper, string sessionName)
    {
        var holder = new NewHolder(resource, won.Record.Token, identity.Id, won.Record.Address, sessionName);
        var (term, previous) = await _stores.Terms.TakeAsync(holder, keeper.Lost);
        _reporter.Reach(won.Phases, FailoverPhases.Fenced, null);
        keeper.SetEpoch(term.Epoch);
        _reporter.TermTaken(term, previous);
        await keeper.RenewNowAsync();
        _reporter.Recovering(keeper.Record, won.CrashedNodeId is { } dead && dead != identity.Id ? dead : null);
        return term;
    }

    private async Task EndTermAsync(LeaseKeeper keeper)
    {
        try
        {
            await keeper.DisposeAsync();
            if (keeper.LossReason is { } reason)
                _reporter.LeaseLost(keeper.Record.Epoch, reason);

            // Released only after the work has ended, so that the next leader need not wait for any transaction of this one.
            await _stores.Leases.ReleaseAsync(resource, keeper.Record);
        }
        finally
        {
            _reporter.Follows(keeper.Record, identity.Id);
            _state.EndTerm();
        }
    }

    private void LogFailure(Exception error, long epoch)
    {
        if (Fence.Refused(error))
        {
            _reporter.FenceRejected();
            Log.TermOver(logger, resource, epoch);
        }
        else if (error is NpgsqlException or TimeoutException or InDoubtException)
        {
            Log.DatabaseFailed(logger, resource, error.Message);
        }
        else
        {
            Log.WorkFailed(logger, error, resource);
        }
    }

    /// <summary>Waits until the server listens: before that the address in the lease would be wrong.</summary>
    private async Task AddressIsKnownAsync(CancellationToken cancellationToken)
    {
        var presence = services.Outlets.Presence;
        while (true)
        {
            var changed = presence.Changed;
            if (presence.Address.Length > 0)
                return;
            await changed.WaitAsync(cancellationToken);
        }
    }

    private void WakeWhenReleased(LeaderMessage message)
    {
        if (message.Kind == "released" && message.Resource == resource && message.NodeId != identity.Id)
            _wake.Set();
    }

    private readonly record struct Vacancy(LeaseRecord? Crashed);

    private sealed record WonBid(LeaseRecord Record, long SentAt, FailoverPhases Phases, string? CrashedNodeId);
}
