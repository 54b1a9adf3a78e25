using Foresight.Cluster.Health;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.ChainFollowing.Allotment;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;
using Foresight.ServiceDefaults.Health;

namespace Foresight.Matching.SettlementTerm;

/// <summary>Makes new loops for each term, so that no state of an earlier one carries over.</summary>
public sealed class SettlementParts(SettlementContext settlement, SendToLeader send, int shards)
{
    public Submitter NewSubmitter()
    {
        var (deployment, client) = (settlement.Deployment, settlement.Client);
        var receipts = new ReceiptReader(deployment, new RefusedTransfers(deployment, client), settlement.Logger);
        return new Submitter(settlement, new BatchSigner(deployment, client, settlement.Key, settlement.Options), receipts);
    }

    public ChainFollower NewFollower()
    {
        var leader = new LeaderClient(send, settlement.Deployment, settlement.Options, settlement.Clock, settlement.Logger);
        var store = new AllotmentStore(settlement.Database, settlement.Journal);
        var allotter = shards == 1 ? null : new Allotter(settlement.Term, store, leader, shards, settlement.Clock, settlement.Logger);
        return new ChainFollower(new FollowerParts(settlement, leader, allotter));
    }

    public SettlementStatusReporter NewStatusReporter(Submitter submitter, ChainFollower follower, ChainWatch endpoints) =>
        new(settlement, new StatusJournal(settlement.Journal), submitter, follower, endpoints);
}
