using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace Foresight.Matching.Leadership;

/// <summary>
/// Follows and leads one resource, a function for each state: <see cref="FollowAsync"/> looks at the lease, <see cref="BidAsync"/> is the
/// candidate's bid for it, <see cref="LeadAsync"/> is one term. Each needs what the one before returned. Ends only with the process; no
/// fault of Redis or Postgres ends it. See README.md of this folder for the states and the failures.
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
    /// <summary>After a term that ended in an error the others get the first chance.</summary>
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(1);

    private readonly LeaseOptions _options = services.Options;
    private readonly LeadershipStores _stores = services.Stores;
    private readonly TimeProvider _clock = services.Clock;
    private readonly LeadershipState _state = new(services.Clock, services.Options);
    private readonly TermReporter _reporter = new(resource, services, lifetime, logger);
    private readonly WakeSignal _wake = new();

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => RunAsync(stoppingToken);

    /// <summary>Follows and leads until the process ends.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        // ApplicationStopping comes before the web server stops: the lease is on its way to another node while this one still answers.
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
            // The process ends.
        }
        finally
        {
            broadcast.Restored -= _wake.Set;
        }
    }

    /// <summary>A defect of ours must not end the process, which has other work and can try again.</summary>
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

    /// <summary>One look, the bid if the lease is vacant, and the whole term if the bid won; else the wait for the next look.</summary>
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

    /// <returns>Null: this node stays a follower. So it does when Redis gives no answer, which is never taken for a vacancy.</returns>
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

    /// <summary>The follower: looks at the lease once.</summary>
    /// <returns>Null: another node holds it, or goes first.</returns>
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
    /// A renewal that Redis heard late, when the key had ended already, or a bid whose answer was lost, leaves a lease of this node's in
    /// the key that nobody leads under. No term runs here, so it is given back: it would keep everybody waiting for as long as a lease.
    /// </summary>
    private async Task<LeaseReading> GiveBackOwnAsync(LeaseReading reading)
    {
        if (reading.Holder is not { } holder || !_state.OwnTokens.Contains(holder.Token))
            return reading;
        Log.OwnLeaseFound(logger, resource);
        await _stores.Leases.ReleaseAsync(resource, holder);
        return default;
    }

    /// <summary>A node that leads other shards leaves this one for a moment to those that lead fewer; then it counts as led here.</summary>
    private bool MayBid()
    {
        var vacantFor = _state.SeeVacant();
        if (services.Placement.TryClaim(resource, vacantFor, _options, out var delay))
            return true;
        _state.NextLook = delay - vacantFor < _options.PollInterval ? delay - vacantFor : _options.PollInterval;
        return false;
    }

    /// <summary>The candidate: bids once.</summary>
    /// <returns>Null: another node was faster.</returns>
    private async Task<WonBid?> BidAsync(Vacancy vacancy)
    {
        var phases = _state.BeginTakeOver(crashed: vacancy.Crashed is not null);
        phases.Reach(FailoverPhases.Detected);
        var now = _clock.GetUtcNow();
        var record = new LeaseRecord(identity.Id, services.Outlets.Presence.Address, services.NewToken(), Epoch: 0, now, now);
        // Before it is sent: without an answer it may be in the key all the same.
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

    /// <summary>The leader: one term, from the won lease to its release.</summary>
    /// <returns>False if the term ended in an error.</returns>
    private async Task<bool> LeadAsync(WonBid won, CancellationToken ending)
    {
        // Given to another node, a term ends as it does with the process.
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(ending, services.Placement.HandsOver(resource));
        var stopping = leaving.Token;
        _state.BeginTerm();
        var sessionName = LeaderSessions.NameOf(resource, won.Record.Token);
        // Open until the lease is released: a term that only ends must not look like one that crashed. Opened before anything renews.
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

    /// <summary>From its commit on, nothing of an earlier term can be written.</summary>
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

            // Released only now, with the work at its end: whoever gets it next need not wait for anything of ours.
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

    /// <summary>Before the server listens, the address in the lease would not be true.</summary>
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

    /// <summary>A lease that may be bid for.</summary>
    /// <param name="Crashed">Its holder, which is known to be dead; null: the lease is free.</param>
    private readonly record struct Vacancy(LeaseRecord? Crashed);

    /// <param name="CrashedNodeId">The holder before, if it is known to be dead.</param>
    private sealed record WonBid(LeaseRecord Record, long SentAt, FailoverPhases Phases, string? CrashedNodeId);
}
