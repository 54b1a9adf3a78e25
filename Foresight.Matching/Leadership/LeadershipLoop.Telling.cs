using Foresight.Contracts;
using Npgsql;
using StackExchange.Redis;

namespace Foresight.Matching.Leadership;

/// <summary>What the others are told of a term. Nothing of it decides anything.</summary>
public sealed partial class LeadershipLoop
{
    private void Reach(Bid bid, string phase, Term? term)
    {
        if (!bid.Phases.Reach(phase)) return;
        services.Metrics.Phase(resource, phase, bid.Phases.Reached[phase]);
        if (phase == FailoverPhases.Recovered) SetState("active");
        if (phase == FailoverPhases.FirstAcknowledgement && term is not null) Log.TookOver(logger, resource, term.Epoch, bid.Phases);
        if (term is not null) _ = RecordAsync(term, bid.Phases);
    }

    private async Task RecordAsync(Term term, FailoverPhases phases)
    {
        try
        {
            await services.Terms.RecordPhasesAsync(term, phases.Reached, lifetime.ApplicationStopped);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            Log.PhasesNotRecorded(logger, resource, error.Message);
        }
    }

    /// <summary>Else the registry would show a second active node until the dead one's heartbeats are missed.</summary>
    private async Task DropAsync(string deadNodeId)
    {
        try
        {
            await services.DropNode(deadNodeId, lifetime.ApplicationStopping);
        }
        catch (Exception error) when (error is RedisException or TimeoutException or OperationCanceledException)
        {
            Log.NotDropped(logger, deadNodeId, error.Message);
        }
    }

    private void Announce(string message, string clusterEvent, LeaseRecord record)
    {
        services.Broadcast.Publish(Channels.ClusterLeader, new LeaderMessage(message, resource, record.NodeId, record.Address, record.Epoch));
        services.Notices.Publish(NoticeTopics.Cluster, new ClusterEvent(clusterEvent, record.NodeId, record.Epoch, clock.GetUtcNow(), resource));
    }

    /// <summary>A node is what it is to the order flow; its other resources show in "leads".</summary>
    private void SetState(string state)
    {
        if (services.Share.SetState(resource, state) is { } node) services.Presence.SetState(node);
    }
}
