using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;

namespace Foresight.Matching.ChainReading;

/// <summary>An account's holding of one asset may have changed. <see cref="Market"/> null: collateral.</summary>
public readonly record struct TouchedAsset(Address Account, DeployedMarket? Market, int Outcome);

/// <summary>
/// What logs say, by kind, in the order of the chain. Reading them is pure: they come in checked; logs of other contracts and of events
/// that mean nothing here are passed over.
/// </summary>
public sealed class BlockFacts
{
    /// <summary>Topics of the fills alone, which is all that reconciliation compares.</summary>
    public static IReadOnlyList<Hash32> FillTopics { get; } = [MarketEvents.TradeSettled.Topic, MarketEvents.OrderFilled.Topic];

    public static IReadOnlyList<Hash32> AllTopics { get; } =
    [
        .. MarketEvents.Topics,
        UsdcContract.TransferEvent.Topic,
        UsdcContract.ApprovalEvent.Topic,
        OutcomeTokenContract.TransferSingleEvent.Topic,
        OutcomeTokenContract.TransferBatchEvent.Topic,
        OutcomeTokenContract.ApprovalForAllEvent.Topic,
    ];

    public List<MarketEvent.TradeSettled> Settled { get; } = [];
    public List<MarketEvent.SettlementFailed> Refused { get; } = [];
    public List<MarketEvent.OrderFilled> Fills { get; } = [];
    public List<MarketEvent.SaltCancelled> SaltsCancelled { get; } = [];
    public List<MarketEvent.Resolved> Resolutions { get; } = [];
    public List<MarketEvent.Invalidated> Invalidations { get; } = [];

    /// <summary>Contracts of markets that were paused, resolved or invalidated, even if they were opened again later.</summary>
    public HashSet<Address> Stops { get; } = [];

    /// <summary>Accounts whose holding of an asset moved, whoever they are.</summary>
    public HashSet<TouchedAsset> Touched { get; } = [];

    /// <summary>Accounts that changed how much of their USDC the relayer's contracts may move.</summary>
    public HashSet<Address> CollateralApprovals { get; } = [];

    /// <summary>Accounts that changed whether the relayer's contracts may move their shares.</summary>
    public HashSet<Address> ShareApprovals { get; } = [];

    /// <summary>Fills that somebody made directly on chain, behind the relayer's back.</summary>
    public IEnumerable<MarketEvent.OrderFilled> DirectFills => Fills.Where(f => f.TradeId.IsZero);

    /// <exception cref="FormatException">A log of our own contracts does not decode: it is not what was deployed.</exception>
    public static BlockFacts Read(Deployment deployment, IEnumerable<EventLog> logs)
    {
        var facts = new BlockFacts();
        foreach (var log in logs)
        {
            if (log.Address == deployment.Usdc)
                facts.AddCollateral(deployment, log);
            else if (log.Address == deployment.OutcomeToken)
                facts.AddShares(deployment, log);
            else if (deployment.Find(log.Address) is not null)
                facts.AddMarket(log);
        }

        return facts;
    }

    private void AddMarket(EventLog log)
    {
        var decoded = MarketEvents.TryDecode(log);
        switch (decoded)
        {
            case MarketEvent.TradeSettled settled:
                Settled.Add(settled);
                break;
            case MarketEvent.SettlementFailed refused:
                Refused.Add(refused);
                break;
            case MarketEvent.OrderFilled filled:
                Fills.Add(filled);
                break;
            case MarketEvent.SaltCancelled cancelled:
                SaltsCancelled.Add(cancelled);
                break;
            case MarketEvent.Resolved resolved:
                Resolutions.Add(resolved);
                break;
            case MarketEvent.Invalidated invalidated:
                Invalidations.Add(invalidated);
                break;
        }

        if (decoded is MarketEvent.Resolved or MarketEvent.Invalidated or MarketEvent.PausedSet { Paused: true })
            Stops.Add(log.Address);
    }

    private void AddCollateral(Deployment deployment, EventLog log)
    {
        if (UsdcContract.TransferEvent.Matches(log))
        {
            var e = UsdcContract.TransferEvent.Decode(log);
            Touched.Add(new TouchedAsset(e.Address("from"), null, 0));
            Touched.Add(new TouchedAsset(e.Address("to"), null, 0));
        }
        else if (
            UsdcContract.ApprovalEvent.Matches(log)
            && UsdcContract.ApprovalEvent.Decode(log) is var e
            && e.Address("spender") == deployment.Factory
        )
        {
            CollateralApprovals.Add(e.Address("owner"));
        }
    }

    private void AddShares(Deployment deployment, EventLog log)
    {
        if (OutcomeTokenContract.TransferSingleEvent.Matches(log))
        {
            var e = OutcomeTokenContract.TransferSingleEvent.Decode(log);
            AddShare(deployment, e.Address("from"), e.Address("to"), e.Integer("id"));
        }
        else if (OutcomeTokenContract.TransferBatchEvent.Matches(log))
        {
            var e = OutcomeTokenContract.TransferBatchEvent.Decode(log);
            foreach (System.Numerics.BigInteger id in (object[])e["ids"])
                AddShare(deployment, e.Address("from"), e.Address("to"), id);
        }
        else if (
            OutcomeTokenContract.ApprovalForAllEvent.Matches(log)
            && OutcomeTokenContract.ApprovalForAllEvent.Decode(log) is var e
            && e.Address("operator") == deployment.Factory
        )
        {
            ShareApprovals.Add(e.Address("account"));
        }
    }

    private void AddShare(Deployment deployment, Address from, Address to, System.Numerics.BigInteger id)
    {
        if (!OutcomeTokenContract.TryReadId(id, out var address, out var outcome) || deployment.Find(address) is not { } market)
            return;
        Touched.Add(new TouchedAsset(from, market, outcome));
        Touched.Add(new TouchedAsset(to, market, outcome));
    }
}
