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
        FirmTerms = new FirmTerms(settlement, leader, Journal);
        SigningKeys = new SigningKeys(settlement, Store, Journal, leader);
        Leaving = new LeavingStore(settlement.Database);
        Waiting = new WaitingStore(settlement.Database);
        WithdrawalEnds = new WithdrawalEnds(settlement, Withdrawals, leader);
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

    public SigningKeys SigningKeys { get; }

    public WithdrawalEnds WithdrawalEnds { get; }

    public LeavingStore Leaving { get; }

    public WaitingStore Waiting { get; }

    /// <summary>What of the vault's money waits for its block to become final, as of a block.</summary>
    /// <param name="next">What the blocks after the cursor have.</param>
    public async Task<Waiting> ReadWaitingAsync(BlockFacts next, long block, CancellationToken cancellationToken)
    {
        if (Settlement.Deployment.Vault is null)
            return new Waiting(new Dictionary<AssetKey, long>(), new HashSet<AssetKey>());
        // Not by the head: the ancestor of a reorganisation is looked for so many blocks below the cursor.
        var final = block - Settlement.Options.FinalityBlocks;
        var settled = next.Settled.Where(s => s.TradeId <= long.MaxValue).Select(s => (long)s.TradeId).ToList();
        return WaitingRules.Of(
            await Waiting.ReadAsync(cancellationToken),
            WaitingRules.Of(next),
            await Waiting.ReadUndoneAsync(settled, final, cancellationToken),
            final
        );
    }

    public MarketWatch Markets { get; }
}
