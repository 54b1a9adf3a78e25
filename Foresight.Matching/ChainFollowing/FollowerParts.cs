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
        Withdrawals = new WithdrawalStore(settlement.Database);
        (Store, Unconfirmed) = (new FollowerStore(settlement.Database), new UnconfirmedStore(settlement.Database));
        (Journal, Reader) = (new FollowerJournal(settlement.Journal), new ChainReader(client));
        Holdings = new HoldingsReader(deployment, client);
        Refused = new RefusedTrades(deployment, new RefusedTransfers(deployment, client), settlement.Store);
        DirectFills = new DirectFills(deployment, client, Store, Unconfirmed);
        OwnActs = new OwnActs(deployment, client, Reader, Store, settlement.Store);
        FaultyOrders = new FaultyOrders(Store, Unconfirmed, DirectFills, leader);
        Proposals = new MarketProposals(settlement);
        FirmTerms = new FirmTerms(settlement, leader);
        WithdrawalEnds = new WithdrawalEnds(settlement, Withdrawals, leader);
        Requests = new VaultRequests(deployment, client, Journal);
        Markets = new MarketWatch(deployment, client, Unconfirmed, leader, settlement.Logger);
    }

    public SettlementContext Settlement { get; }

    public LeaderClient Leader { get; }

    public Allotter? Allotter { get; }

    public FollowerStore Store { get; }

    public UnconfirmedStore Unconfirmed { get; }

    public WithdrawalStore Withdrawals { get; }

    public FollowerJournal Journal { get; }

    public ChainReader Reader { get; }

    public HoldingsReader Holdings { get; }

    public RefusedTrades Refused { get; }

    public DirectFills DirectFills { get; }

    public OwnActs OwnActs { get; }

    public FaultyOrders FaultyOrders { get; }

    public MarketProposals Proposals { get; }

    public FirmTerms FirmTerms { get; }

    public WithdrawalEnds WithdrawalEnds { get; }

    public VaultRequests Requests { get; }

    public MarketWatch Markets { get; }
}
