using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Foresight.Matching.Leadership;

/// <summary>
/// One function per state, each of which requires the result of the one before, so that no state can be skipped: <see cref="FollowAsync"/>,
/// <see cref="BidAsync"/>, <see cref="LeadAsync"/>. No fault of Postgres ends the loop, only the end of the process, and nothing in Redis
/// decides. README.md of this folder describes the states and the failures.
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
    private readonly HolderWatch _watch = services.Stores.Crashes.CreateWatch(services.Clock);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => RunAsync(stoppingToken);

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        // ApplicationStopping fires before the web server stops, so the lease moves to another node while this one still answers.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        _reporter.Starts();
        services.Outlets.Broadcast.Subscribe<LeaderMessage>(Channels.ClusterLeader, WakeWhenReleased);
        _watch.Ended += _wake.Set;
        try
        {
            await AddressIsKnownAsync(ending.Token);
            await services.Gate.Opened.WaitAsync(ending.Token);
            while (!ending.IsCancellationRequested)
                await GuardedStepAsync(ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The end of the process is the regular end of this loop.
        }
        finally
        {
            _watch.End();
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
            await WaitForNextLookAsync(cancellationToken);
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

    /// <summary>
    /// Until the next look is due, or this follower is woken; but at least for the shortest interval, because a node that was broken into
    /// can send "released" without a pause.
    /// </summary>
    private async Task WaitForNextLookAsync(CancellationToken cancellationToken)
    {
        var beganAt = _clock.GetTimestamp();
        await _wake.WaitAsync(_state.NextLook, _clock, cancellationToken);
        var rest = LeaseRules.ShortestWait(_state.NextLook, _options) - _clock.GetElapsedTime(beganAt);
        if (rest > TimeSpan.Zero)
            await Task.Delay(rest, _clock, cancellationToken);
    }

    /// <returns>Null if this node remains a follower. A Postgres that does not answer is never taken for a vacant lease.</returns>
    private async Task<WonBid?> TryWinAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await FollowAsync(cancellationToken) is { } vacancy ? await BidAsync(vacancy, cancellationToken) : null;
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            if (!_state.DatabaseIsSilent)
                Log.DatabaseSilent(logger, resource, error.Message);
            _state.DatabaseIsSilent = true;
            _state.NextLook = PauseAfterFailure;
            services.Placement.Release(resource);
            return null;
        }
    }

    private async Task<Vacancy?> FollowAsync(CancellationToken cancellationToken)
    {
        _state.NextLook = _watch.LookInterval;
        var holder = await _stores.Terms.ReadAsync(resource, cancellationToken);
        if (_state.DatabaseIsSilent)
            Log.DatabaseSpeaks(logger, resource);
        _state.DatabaseIsSilent = false;
        var vacancy = holder is null ? new Vacancy(null, TakeOverReasons.First) : await JudgeAsync(holder, cancellationToken);
        return vacancy is not null && await MayApplyAsync(cancellationToken) && MayBid() ? vacancy : null;
    }

    /// <returns>Null if the holder may be alive. In doubt it is, because a wrong guess would end its term.</returns>
    private async Task<Vacancy?> JudgeAsync(TermHolder holder, CancellationToken cancellationToken)
    {
        if (_state.SeeRow(holder) || _options.IsSoleNode)
            return new Vacancy(holder, ReasonOf(holder));
        // After a take-over or a release whose answer was lost, no term runs under this token, so its end need not be awaited.
        if (_state.OwnTokens.Contains(holder.Version.Token))
        {
            Log.OwnLeaseFound(logger, resource);
            return new Vacancy(holder, TakeOverReasons.TakenBack);
        }

        if (await _stores.Crashes.HasCrashedAsync(resource, holder, services.Outlets.Presence.Address, cancellationToken))
        {
            if (!_state.IsVacant)
                Log.HolderCrashed(logger, holder.NodeId, resource);
            return new Vacancy(holder, TakeOverReasons.Crashed);
        }

        _state.SeeHeld(holder);
        if (holder.Address != services.Outlets.Presence.Address)
            _watch.Begin(holder.Address);
        return null;
    }

    private static string ReasonOf(TermHolder holder) =>
        holder.IsGivenBackForOperator ? TakeOverReasons.Operator
        : holder.Age is null ? TakeOverReasons.HandedOver
        : TakeOverReasons.LeaseExpired;

    /// <summary>Read only when a lease is free, so that an operator's drain costs nothing while it is held.</summary>
    private async Task<bool> MayApplyAsync(CancellationToken cancellationToken)
    {
        if (_options.IsSoleNode)
            return true;
        var isDrained = await _stores.Terms.IsDrainedAsync(identity.Id, cancellationToken);
        if (isDrained && !_state.IsDrained)
            Log.Drained(logger, resource);
        _state.IsDrained = isDrained;
        return !isDrained && !_state.StandsBack;
    }

    /// <summary>
    /// Holds a node that leads other shards back for a moment, so that nodes with fewer shards bid first. On true the shard counts as led
    /// by this node.
    /// </summary>
    private bool MayBid()
    {
        var vacantFor = _state.SeeVacant();
        if (services.Placement.TryClaim(resource, vacantFor, _options, out var delay))
            return true;
        _state.NextLook = delay - vacantFor < _options.PollInterval ? delay - vacantFor : _options.PollInterval;
        return false;
    }

    /// <summary>
    /// From the commit of the bid on, no transaction of an earlier term can commit. Lost if the row has changed since it was judged.
    /// </summary>
    private async Task<WonBid?> BidAsync(Vacancy vacancy, CancellationToken cancellationToken)
    {
        var phases = _state.BeginTakeOver(vacancy.Crashed);
        phases.Reach(FailoverPhases.Detected);
        var token = services.NewToken();
        // Remembered before the bid is sent: even without an answer the token may be in the row.
        _state.OwnTokens.Add(token);
        var sessionName = LeaderSessions.NameOf(resource, token);
        var holder = new NewHolder(
            resource,
            token,
            identity.Id,
            services.Outlets.Presence.Address,
            sessionName,
            _options.LeaseDuration,
            vacancy.Reason
        );
        var sentAt = _clock.GetTimestamp();
        var taken = await _stores.Terms.TakeAsync(holder, vacancy.Holder?.Version, cancellationToken);
        _reporter.BidDone(taken is not null);
        if (taken is null)
        {
            Log.BidLost(logger, resource);
            services.Placement.Release(resource);
            return null;
        }

        phases.Reach(FailoverPhases.LeaseTaken);
        _reporter.LeaseTaken(phases);
        return new WonBid(taken, holder, sentAt, phases, vacancy.Crashed ? vacancy.Holder?.NodeId : null);
    }

    private async Task<bool> LeadAsync(WonBid won, CancellationToken ending)
    {
        _state.BeginTerm();
        _watch.End();
        var term = won.Taken.Term;
        // Kept open until the lease is released, because a term without sessions looks crashed to the followers.
        await using var sessions = _stores.Sessions.Open(term);
        var keeper = new LeaseKeeper(_stores, _options, _clock, term, RecordOf(won), won.SentAt);
        // A hand-over to another node ends the term as the end of the process does, so that no lease has to expire.
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(
            ending,
            services.Placement.HandsOver(resource),
            keeper.AskedToStepDown
        );
        var stopping = leaving.Token;
        try
        {
            identity.Renamed += keeper.SetNodeId;
            keeper.SetNodeId(identity.Id);
            BeginTerm(won, keeper.Record);
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
            LogFailure(error, term.Epoch);
            return false;
        }
        finally
        {
            identity.Renamed -= keeper.SetNodeId;
            if (keeper.AskedToStepDown.IsCancellationRequested)
            {
                Log.StepsDown(logger, resource, term.Epoch);
                _state.StandBack();
            }

            await EndTermAsync(keeper, term);
        }
    }

    private LeaseRecord RecordOf(WonBid won)
    {
        var (term, now) = (won.Taken.Term, _clock.GetUtcNow());
        return new LeaseRecord(
            term.NodeId,
            won.Holder.Address,
            LeaseRecord.NameOf(term.Token),
            term.Epoch,
            now,
            now,
            (int)_options.LeaseDuration.TotalMilliseconds
        );
    }

    private void BeginTerm(WonBid won, LeaseRecord record)
    {
        _reporter.Acquiring();
        _reporter.Reach(won.Phases, FailoverPhases.Fenced, null);
        _reporter.TermTaken(won.Taken.Term, won.Taken.PreviousNodeId);
        _stores.Board.Show(resource, record);
        _reporter.Recovering(record, won.CrashedNodeId is { } dead && dead != identity.Id ? dead : null);
    }

    private async Task EndTermAsync(LeaseKeeper keeper, Term term)
    {
        try
        {
            await keeper.DisposeAsync();
            if (keeper.LossReason is { } reason)
                _reporter.LeaseLost(keeper.Record.Epoch, reason);

            // Released only after the work has ended, so that the next leader need not wait for any transaction of this one.
            await _stores.Terms.ReleaseAsync(term);
            await _stores.Board.WithdrawAsync(resource, keeper.Record);
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

    /// <param name="Reason">One of <see cref="TakeOverReasons"/>.</param>
    private sealed record Vacancy(TermHolder? Holder, string Reason)
    {
        public bool Crashed => Reason == TakeOverReasons.Crashed;
    }

    private sealed record WonBid(TakenTerm Taken, NewHolder Holder, long SentAt, FailoverPhases Phases, string? CrashedNodeId);
}
