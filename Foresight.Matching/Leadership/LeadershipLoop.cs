using Foresight.Contracts;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace Foresight.Matching.Leadership;

/// <summary>
/// Follows and leads one resource: bids for its lease, takes a term, runs the resource's work under it, and gives it back. Ends only with
/// the process; no fault of Redis or Postgres ends it. See README.md of this folder for the states and the failures.
/// </summary>
public sealed partial class LeadershipLoop(
    string resource, ILeaderTask work, LeadershipServices services, NodeIdentity identity, IHostApplicationLifetime lifetime, ILogger<LeadershipLoop> logger)
    : BackgroundService
{
    /// <summary>After a term that ended in an error the others get the first chance.</summary>
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(1);

    private readonly LeaseOptions options = services.Options;
    private readonly TimeProvider clock = services.Clock;
    private readonly WakeSignal wake = new();
    private bool redisIsSilent;

    /// <summary>When the lease was first seen to be free; null while somebody holds it.</summary>
    private long? freeSince;
    private TimeSpan nextLook;
    private readonly HolderSightings sightings = new(services.Clock, services.Options);
    private readonly FormerTokens formerTokens = new();

    protected override Task ExecuteAsync(CancellationToken stopping) => RunAsync(stopping);

    /// <summary>Follows and leads until the process ends.</summary>
    internal async Task RunAsync(CancellationToken stopping)
    {
        // ApplicationStopping comes before the web server stops: the lease is on its way to another node while this one still answers.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping, lifetime.ApplicationStopping);
        services.Metrics.Follows(resource);
        services.Broadcast.Subscribe<LeaderMessage>(Channels.ClusterLeader, WakeWhenReleased);
        services.Broadcast.Restored += wake.Set;
        try
        {
            await DoorIsOpenAsync(ending.Token);
            while (!ending.IsCancellationRequested) await GuardedStepAsync(ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The process ends.
        }
        finally
        {
            services.Broadcast.Restored -= wake.Set;
        }
    }

    /// <summary>A defect of ours must not end the process, which has other work and can try again.</summary>
    private async Task GuardedStepAsync(CancellationToken stopping)
    {
        try
        {
            await StepAsync(stopping);
        }
        catch (Exception error) when (error is not OperationCanceledException || !stopping.IsCancellationRequested)
        {
            Log.StepFailed(logger, error, resource);
            await Task.Delay(PauseAfterFailure, clock, stopping);
        }
    }

    /// <summary>One bid, and the whole term if it won; else the wait for the next look.</summary>
    private async Task StepAsync(CancellationToken stopping)
    {
        var bid = await BidAsync(stopping);
        if (bid is null)
        {
            await wake.WaitAsync(nextLook, clock, stopping);
            return;
        }

        bool finished;
        try
        {
            finished = await LeadAsync(bid, stopping);
        }
        finally
        {
            services.Share.Release(resource);
        }

        if (!finished && !stopping.IsCancellationRequested) await Task.Delay(PauseAfterFailure, clock, stopping);
    }

    /// <summary>Tries to get the lease. Null: somebody else holds it, or Redis cannot say, which is never taken for "nobody".</summary>
    private async Task<Bid?> BidAsync(CancellationToken stopping)
    {
        nextLook = options.PollInterval;
        try
        {
            var reading = await GiveBackOwnAsync(await services.Leases.ReadAsync(resource, options.LeaseDuration));
            if (redisIsSilent) Log.RedisSpeaks(logger, resource);
            redisIsSilent = false;
            var crashed = false;
            if (reading.Held)
            {
                crashed = reading.Holder is not null && await services.Crashes.HasCrashedAsync(resource, reading.Holder, stopping);
                if (!crashed) sightings.Saw(reading.Holder);
                if (!crashed) freeSince = null;
                if (!crashed) return null;
                if (freeSince is null) Log.HolderCrashed(logger, reading.Holder!.NodeId, resource);
            }

            if (!MayBid()) return null;

            var phases = new FailoverPhases(clock, sightings.LastAlive(crashed));
            phases.Reach(FailoverPhases.Detected);
            var now = clock.GetUtcNow();
            var record = new LeaseRecord(identity.Id, services.Presence.Address, services.NewToken(), Epoch: 0, now, now);
            // Before it is sent: without an answer it may be in the key all the same.
            formerTokens.Add(record.Token);
            var sentAt = clock.GetTimestamp();
            var won = crashed
                ? await services.Leases.TryReplaceAsync(resource, reading.Holder!.Token, record, options.LeaseDuration)
                : await services.Leases.TryAcquireAsync(resource, record, options.LeaseDuration);
            services.Metrics.Bid(resource, won);
            if (!won)
            {
                Log.BidLost(logger, resource);
                services.Share.Release(resource);
                return null;
            }

            phases.Reach(FailoverPhases.LeaseTaken);
            // Only now: a bid that was lost is no part of a take-over.
            foreach (var (phase, milliseconds) in phases.Reached) services.Metrics.Phase(resource, phase, milliseconds);
            Log.LeaseWon(logger, resource, phases);
            return new Bid(record, sentAt, phases, crashed ? reading.Holder!.NodeId : null);
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            // Said once, however often it is asked.
            if (!redisIsSilent) Log.RedisSilent(logger, resource, error.Message);
            redisIsSilent = true;
            services.Share.Release(resource);
            return null;
        }
    }

    /// <summary>
    /// A renewal that Redis heard late, when the key had ended already, or a bid whose answer was lost, leaves a lease of this node's in the
    /// key that nobody leads under. No term runs here, so it is given back: it would keep everybody waiting for as long as a lease.
    /// </summary>
    private async Task<LeaseReading> GiveBackOwnAsync(LeaseReading reading)
    {
        if (reading.Holder is not { } holder || !formerTokens.Contains(holder.Token)) return reading;
        Log.OwnLeaseFound(logger, resource);
        await services.Leases.ReleaseAsync(resource, holder);
        return default;
    }

    /// <summary>A node that leads other shards leaves this one for a moment to those that lead fewer; then it is taken for led.</summary>
    private bool MayBid()
    {
        freeSince ??= clock.GetTimestamp();
        var freeFor = clock.GetElapsedTime(freeSince.Value);
        if (services.Share.TryClaim(resource, freeFor, options, out var delay)) return true;
        nextLook = delay - freeFor < options.PollInterval ? delay - freeFor : options.PollInterval;
        return false;
    }

    /// <returns>False if the term ended in an error.</returns>
    private async Task<bool> LeadAsync(Bid bid, CancellationToken ending)
    {
        // Given to another node, a term ends as it does with the process.
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(ending, services.Share.HandsOver(resource));
        var stopping = leaving.Token;
        freeSince = null;
        var sessionName = LeaderSessions.NameOf(resource, bid.Record.Token);
        // Open until the lease is released: a term that only ends must not look like one that crashed. Opened before anything renews.
        await using var sessions = services.Sessions.Open(sessionName);
        var keeper = new LeaseKeeper(services.Leases, options, clock, resource, bid.Record, bid.SentAt);
        try
        {
            identity.Renamed += keeper.SetNodeId;
            keeper.SetNodeId(identity.Id);
            services.Presence.SetLeads(resource, true);
            SetState("acquiring");
            var (term, previous) = await services.Terms.TakeAsync(
                new NewHolder(resource, bid.Record.Token, identity.Id, bid.Record.Address, sessionName), keeper.Lost);
            Reach(bid, FailoverPhases.Fenced, null);
            keeper.SetEpoch(term.Epoch);
            services.Metrics.Leads(resource, term.Epoch);
            Log.TermTaken(logger, resource, term.Epoch, previous ?? "nobody");
            await keeper.RenewNowAsync();
            Announce("acquired", "leader_elected", keeper.Record);
            SetState("recovering");
            if (bid.CrashedNodeId is { } dead && dead != identity.Id) _ = DropAsync(dead);

            using var watched = stopping.Register(() =>
            {
                Log.Draining(logger, resource, term.Epoch);
                SetState("draining");
            });
            var lease = new Lease(term, sessions, keeper.Lost, stopping, phase => Reach(bid, phase, term));
            await work.LeadAsync(lease);
            return true;
        }
        catch (OperationCanceledException) when (keeper.Lost.IsCancellationRequested || stopping.IsCancellationRequested)
        {
            return true;
        }
        catch (Exception error)
        {
            if (Fence.Refused(error)) services.Metrics.FenceRejected(resource);
            if (Fence.Refused(error)) Log.TermOver(logger, resource, keeper.Record.Epoch);
            else if (error is NpgsqlException or TimeoutException or InDoubtException) Log.DatabaseFailed(logger, resource, error.Message);
            else Log.WorkFailed(logger, error, resource);
            return false;
        }
        finally
        {
            identity.Renamed -= keeper.SetNodeId;
            await EndAsync(keeper);
        }
    }

    private async Task EndAsync(LeaseKeeper keeper)
    {
        try
        {
            await keeper.DisposeAsync();
            if (keeper.LossReason is { } reason)
            {
                services.Metrics.LeaseLost(resource);
                Log.LeaseLost(logger, resource, keeper.Record.Epoch, reason);
            }

            // Released only now, with the work at its end: whoever gets it next need not wait for anything of ours.
            await services.Leases.ReleaseAsync(resource, keeper.Record);
        }
        finally
        {
            Follow(keeper);
        }
    }

    private void Follow(LeaseKeeper keeper)
    {
        services.Notices.Publish(NoticeTopics.Cluster, new ClusterEvent("leader_lost", identity.Id, keeper.Record.Epoch, clock.GetUtcNow(), resource));
        services.Metrics.Follows(resource);
        services.Presence.SetLeads(resource, false);
        SetState("follower");
        sightings.WasIt();
        Log.Follows(logger, resource);
    }

    /// <summary>Before that the address in the lease would not be true.</summary>
    private async Task DoorIsOpenAsync(CancellationToken stopping)
    {
        while (true)
        {
            var changed = services.Presence.Changed;
            if (services.Presence.Address.Length > 0) return;
            await changed.WaitAsync(stopping);
        }
    }

    private void WakeWhenReleased(LeaderMessage message)
    {
        if (message.Kind == "released" && message.Resource == resource && message.NodeId != identity.Id) wake.Set();
    }

    /// <param name="CrashedNodeId">The holder before, if it is known to be dead.</param>
    private sealed record Bid(LeaseRecord Record, long SentAt, FailoverPhases Phases, string? CrashedNodeId);
}
