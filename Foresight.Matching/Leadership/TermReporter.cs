using Foresight.Protocol;
using Microsoft.Extensions.Hosting;
using Npgsql;
using StackExchange.Redis;

namespace Foresight.Matching.Leadership;

/// <summary>Reports only: it decides nothing, and none of its failures ends a term.</summary>
internal sealed partial class TermReporter(string resource, LeadershipServices services, IHostApplicationLifetime lifetime, ILogger logger)
{
    private readonly LeadershipOutlets _outlets = services.Outlets;

    public void Starts() => _outlets.Metrics.Follows(resource);

    public void BidDone(bool won) => _outlets.Metrics.Bid(resource, won);

    /// <summary>Recorded only for a bid that won: a lost one is not part of a take-over.</summary>
    public void LeaseTaken(FailoverPhases phases)
    {
        foreach (var (phase, milliseconds) in phases.Reached)
            _outlets.Metrics.Phase(resource, phase, milliseconds);
        Log.LeaseWon(logger, resource, phases);
    }

    public void Acquiring()
    {
        _outlets.Presence.SetLeads(resource, true);
        SetState("acquiring");
    }

    public void TermTaken(Term term, string? previous)
    {
        _outlets.Metrics.Leads(resource, term.Epoch);
        Log.TermTaken(logger, resource, term.Epoch, previous ?? "no earlier leader");
    }

    public void Recovering(LeaseRecord record, string? deadNodeId)
    {
        _outlets.Broadcast.Publish(
            Channels.ClusterLeader,
            new LeaderMessage("acquired", resource, record.NodeId, record.Address, record.Epoch)
        );
        Notify("leader_elected", record);
        SetState("recovering");
        if (deadNodeId is not null)
            _ = DropAsync(deadNodeId);
    }

    public void Reach(FailoverPhases phases, string phase, Term? term)
    {
        if (!phases.Reach(phase))
            return;
        _outlets.Metrics.Phase(resource, phase, phases.Reached[phase]);
        if (phase == FailoverPhases.Recovered)
            SetState("active");
        if (term is null)
            return;
        if (phase == FailoverPhases.FirstAcknowledgement)
            Log.TookOver(logger, resource, term.Epoch, phases);
        _ = RecordAsync(term, phases);
    }

    public void Draining(long epoch)
    {
        Log.Draining(logger, resource, epoch);
        SetState("draining");
    }

    public void FenceRejected() => _outlets.Metrics.FenceRejected(resource);

    public void LeaseLost(long epoch, string reason)
    {
        _outlets.Metrics.LeaseLost(resource);
        Log.LeaseLost(logger, resource, epoch, reason);
    }

    /// <param name="nodeId">The node may have been renamed since the record was written.</param>
    public void Follows(LeaseRecord record, string nodeId)
    {
        Notify("leader_lost", record with { NodeId = nodeId });
        _outlets.Metrics.Follows(resource);
        _outlets.Presence.SetLeads(resource, false);
        SetState("follower");
        Log.Follows(logger, resource);
    }

    private void Notify(string kind, LeaseRecord record) =>
        _outlets.Notices.Publish(
            NoticeTopics.Cluster,
            new ClusterEvent(kind, record.NodeId, record.Epoch, services.Clock.GetUtcNow(), resource)
        );

    /// <summary>Only a shard's state is the node's state for the order flow. Other resources appear under "leads".</summary>
    private void SetState(string state)
    {
        if (services.Placement.SetState(resource, state) is { } node)
            _outlets.Presence.SetState(node);
    }

    private async Task RecordAsync(Term term, FailoverPhases phases)
    {
        try
        {
            await services.Stores.Terms.RecordPhasesAsync(term, phases.Reached, lifetime.ApplicationStopped);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            Log.PhasesNotRecorded(logger, resource, error.Message);
        }
    }

    /// <summary>Without this the registry would list two active nodes until the dead one's heartbeats count as missed.</summary>
    private async Task DropAsync(string deadNodeId)
    {
        try
        {
            await _outlets.DropNode(deadNodeId, lifetime.ApplicationStopping);
        }
        catch (Exception error) when (error is RedisException or TimeoutException or OperationCanceledException)
        {
            Log.NotDropped(logger, deadNodeId, error.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Lease of {Resource} acquired. Time since its last holder was known to be alive: {Phases}.")]
        public static partial void LeaseWon(ILogger logger, string resource, FailoverPhases phases);

        [LoggerMessage(LogLevel.Information, "Leading {Resource} in epoch {Epoch}, after {Previous}.")]
        public static partial void TermTaken(ILogger logger, string resource, long epoch, string previous);

        [LoggerMessage(
            LogLevel.Information,
            "Take-over of {Resource} in epoch {Epoch} completed. Time since the previous term was known to be alive: {Phases}."
        )]
        public static partial void TookOver(ILogger logger, string resource, long epoch, FailoverPhases phases);

        [LoggerMessage(LogLevel.Information, "Draining {Resource} in epoch {Epoch} before a hand-over.")]
        public static partial void Draining(ILogger logger, string resource, long epoch);

        [LoggerMessage(LogLevel.Warning, "Lease of {Resource} in epoch {Epoch} lost: {Reason}.")]
        public static partial void LeaseLost(ILogger logger, string resource, long epoch, string reason);

        [LoggerMessage(LogLevel.Information, "Following {Resource}.")]
        public static partial void Follows(ILogger logger, string resource);

        [LoggerMessage(LogLevel.Debug, "Dead node {NodeId} could not be removed from the registry: {Reason}")]
        public static partial void NotDropped(ILogger logger, string nodeId, string reason);

        [LoggerMessage(LogLevel.Debug, "Phases of the take-over of {Resource} could not be recorded: {Reason}")]
        public static partial void PhasesNotRecorded(ILogger logger, string resource, string reason);
    }
}
