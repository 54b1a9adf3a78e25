using Foresight.Matching.ChainFollowing.Allotment;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.ChainFollowing;

public sealed class FollowerParts
{
    /// <param name="allotter">Null with one shard, whose part of the collateral is everything.</param>
    public FollowerParts(SettlementContext settlement, LeaderClient leader, Allotter? allotter)
    {
        (Settlement, Leader, Allotter) = (settlement, leader, allotter);
        var (deployment, client) = (settlement.Deployment, settlement.Client);
        (Store, Unconfirmed) = (new FollowerStore(settlement.Database), new UnconfirmedStore(settlement.Database));
        (Journal, Reader) = (new FollowerJournal(settlement.Journal), new ChainReader(client));
        (Holdings, Transfers) = (new HoldingsReader(deployment, client), new RefusedTransfers(deployment, client));
        DirectFills = new DirectFills(deployment, client, Store, Unconfirmed);
        FaultyOrders = new FaultyOrders(Store, Unconfirmed, DirectFills, leader);
        Markets = new MarketWatch(deployment, client, Unconfirmed, leader, settlement.Logger);
    }

    public SettlementContext Settlement { get; }

    public LeaderClient Leader { get; }

    public Allotter? Allotter { get; }

    public FollowerStore Store { get; }

    public UnconfirmedStore Unconfirmed { get; }

    public FollowerJournal Journal { get; }

    public ChainReader Reader { get; }

    public HoldingsReader Holdings { get; }

    public RefusedTransfers Transfers { get; }

    public DirectFills DirectFills { get; }

    public FaultyOrders FaultyOrders { get; }

    public MarketWatch Markets { get; }
}
