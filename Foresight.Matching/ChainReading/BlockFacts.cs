using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Abi;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Matching.Engine;

namespace Foresight.Matching.ChainReading;

/// <param name="Time">Unix seconds of the block, the only clock of the contracts: no node's clock decides an order's life.</param>
public readonly record struct SignOfLife(long Block, long Time);

public sealed record CreatedMarket(Address Address, Hash32 QuestionHash, int Outcomes, long Block);

/// <param name="Market">Null: collateral.</param>
public readonly record struct TouchedAsset(Address Account, DeployedMarket? Market, int Outcome, Purse Purse = Purse.Wallet);

/// <param name="Nonce">Of the account, used up by this payment.</param>
public readonly record struct SpentCoSignature(Address Account, BigInteger Nonce, long Block);

/// <summary>What was added to the free part of a purse, and is not there if the block is undone.</summary>
/// <param name="Units">Micro-USDC or lots.</param>
public readonly record struct PurseIncrease(Address Account, DeployedMarket? Market, int Outcome, long Units, long Block);

/// <param name="Key">Zero: from then on none signs.</param>
/// <param name="ReadyTime">Unix seconds; it signs when this and the block have come.</param>
public sealed record AnnouncedKey(Address Account, Address Key, long ReadyBlock, long ReadyTime, long Block, int LogIndex);

/// <summary>Trusts its logs, so they must come verified from <see cref="ChainReader"/>. The lists keep the chain's order.</summary>
public sealed class BlockFacts
{
    /// <summary>Topics of the fills alone, the only events that reconciliation compares.</summary>
    public static IReadOnlyList<Hash32> FillTopics { get; } = [MarketEvents.TradeSettled.Topic, MarketEvents.OrderFilled.Topic];

    public static IReadOnlyList<Hash32> AllTopics { get; } =
    [
        .. MarketEvents.Topics,
        MarketFactoryContract.SignOfLifeEvent.Topic,
        MarketFactoryContract.MarketCreated.Topic,
        UsdcContract.TransferEvent.Topic,
        UsdcContract.ApprovalEvent.Topic,
        OutcomeTokenContract.TransferSingleEvent.Topic,
        OutcomeTokenContract.TransferBatchEvent.Topic,
        OutcomeTokenContract.ApprovalForAllEvent.Topic,
        .. VaultContract.MoneyTopics,
        VaultContract.SigningKeyAnnounced.Topic,
    ];

    public List<SignOfLife> SignsOfLife { get; } = [];

    /// <summary>Those that the deployment does not have yet.</summary>
    public List<CreatedMarket> Created { get; } = [];

    public List<MarketEvent.TradeSettled> Settled { get; } = [];
    public List<MarketEvent.SettlementFailed> Refused { get; } = [];
    public List<MarketEvent.OrderFilled> Fills { get; } = [];
    public List<MarketEvent.SaltCancelled> SaltsCancelled { get; } = [];
    public List<MarketEvent.Resolved> Resolutions { get; } = [];
    public List<MarketEvent.Invalidated> Invalidations { get; } = [];
    public List<MarketEvent.DecisionAnnounced> Announcements { get; } = [];

    /// <summary>Includes markets that were reopened later in the range, because the caller reads their present state anyway.</summary>
    public HashSet<Address> Stops { get; } = [];

    public HashSet<TouchedAsset> Touched { get; } = [];

    public HashSet<Address> CollateralApprovals { get; } = [];

    public HashSet<Address> ShareApprovals { get; } = [];

    public List<SpentCoSignature> SpentCoSignatures { get; } = [];

    public List<AnnouncedKey> AnnouncedKeys { get; } = [];

    /// <summary>Of what is leaving the vault by requests.</summary>
    public List<PurseChange> PurseChanges { get; } = [];

    /// <summary>Of each trade that purses of the vault took part in: a bit for each fill, in the order of its fills.</summary>
    public Dictionary<BigInteger, BigInteger> VaultLegs { get; } = [];

    /// <summary>Trades of purses with wallets, which can fail in another branch of the chain.</summary>
    public HashSet<BigInteger> MixedTrades { get; } = [];

    /// <summary>
    /// By deposits, cancelled withdrawals, redemptions and mixed trades. Those by firm trades are not among them: a firm trade settles in
    /// every branch.
    /// </summary>
    public List<PurseIncrease> Increases { get; } = [];

    private (long Block, int Index)? _spentAt;

    /// <summary>
    /// Those who approved something or got money in the vault. The others took an approval back, which needs none to be there.
    /// </summary>
    public HashSet<Address> Granted { get; } = [];

    /// <summary>The contract gives trade id 0 to fills that did not come from the relayer.</summary>
    public IEnumerable<MarketEvent.OrderFilled> DirectFills => Fills.Where(f => f.TradeId.IsZero);

    /// <exception cref="FormatException">
    /// A log of a known contract does not decode, so the contract is not the one that was deployed.
    /// </exception>
    public static BlockFacts Read(Deployment deployment, IEnumerable<EventLog> logs)
    {
        var facts = new BlockFacts();
        foreach (var log in logs)
        {
            if (log.Address == deployment.Usdc)
                facts.AddCollateral(deployment, log);
            else if (log.Address == deployment.OutcomeToken)
                facts.AddShares(deployment, log);
            else if (log.Address == deployment.Factory && MarketFactoryContract.SignOfLifeEvent.Matches(log))
                facts.SignsOfLife.Add(
                    new SignOfLife(log.BlockNumber, (long)MarketFactoryContract.SignOfLifeEvent.Decode(log).Integer("time"))
                );
            else if (log.Address == deployment.Factory && MarketFactoryContract.MarketCreated.Matches(log))
                facts.AddCreated(deployment, log);
            else if (deployment.Vault is { } vault && log.Address == vault.Address)
                facts.AddVault(deployment, log);
            else if (deployment.Find(log.Address) is not null)
                facts.AddMarket(log);
        }

        facts.AddVaultLegs(deployment);
        return facts;
    }

    /// <summary>Which purse a fill was paid from, by its place among the fills of its trade.</summary>
    public IEnumerable<(MarketEvent.OrderFilled Fill, Purse Purse)> FillsByPurse()
    {
        var places = new Dictionary<BigInteger, int>();
        foreach (var fill in Fills)
        {
            var place = places.GetValueOrDefault(fill.TradeId);
            places[fill.TradeId] = place + 1;
            var isOfVault = VaultLegs.TryGetValue(fill.TradeId, out var legs) && !((legs >> place) & 1).IsZero;
            yield return (fill, isOfVault ? Purse.Vault : Purse.Wallet);
        }
    }

    /// <summary>Purses change without an event of their own when a trade is paid from them.</summary>
    private void AddVaultLegs(Deployment deployment)
    {
        if (VaultLegs.Count == 0)
            return;
        var fills = FillsByPurse().Where(f => VaultLegs.ContainsKey(f.Fill.TradeId)).ToList();
        MixedTrades.UnionWith(fills.Where(f => f.Purse != Purse.Vault).Select(f => f.Fill.TradeId));
        foreach (var (fill, _) in fills.Where(f => f.Purse == Purse.Vault))
        {
            var market = deployment.Find(fill.Position.Market);
            Touched.Add(new TouchedAsset(fill.Maker, null, 0, Purse.Vault));
            Touched.Add(new TouchedAsset(fill.Maker, market, (int)fill.OutcomeIndex, Purse.Vault));
            if (!MixedTrades.Contains(fill.TradeId))
                continue;
            var lots = (long)(fill.Amount / OrderMessage.AmountPerLot);
            Increases.Add(
                fill.IsBuy
                    ? new PurseIncrease(fill.Maker, market, (int)fill.OutcomeIndex, lots, fill.Position.BlockNumber)
                    : new PurseIncrease(
                        fill.Maker,
                        null,
                        0,
                        lots * (long)(fill.Price / OrderMessage.PricePerTick),
                        fill.Position.BlockNumber
                    )
            );
        }
    }

    private void AddVault(Deployment deployment, EventLog log)
    {
        if (VaultContract.CoSignatureSpent.Matches(log))
        {
            var spent = VaultContract.CoSignatureSpent.Decode(log);
            SpentCoSignatures.Add(new SpentCoSignature(spent.Address("account"), spent.Integer("nonce"), log.BlockNumber));
            _spentAt = (log.BlockNumber, log.Index);
            return;
        }

        if (VaultContract.SigningKeyAnnounced.Matches(log))
        {
            AddKey(log);
            return;
        }

        if (VaultContract.MoneyEvents.FirstOrDefault(one => one.Matches(log)) is not { } money)
            return;
        var e = money.Decode(log);
        var account = e.Address("account");
        AddVaultAsset(deployment, account, e.Integer("asset"));
        AddPurseChange(deployment, money, e, log);
        AddIncrease(deployment, money, e, log.BlockNumber);
        if (money == VaultContract.SharesRedeemed)
            AddVaultAsset(deployment, account, VaultContract.Usdc);
        if (money == VaultContract.Deposited)
            Granted.Add(account);
    }

    private void AddKey(EventLog log)
    {
        var announced = VaultContract.SigningKeyAnnounced.Decode(log);
        AnnouncedKeys.Add(
            new AnnouncedKey(
                announced.Address("account"),
                announced.Address("key"),
                (long)announced.Integer("readyBlock"),
                (long)announced.Integer("readyTime"),
                log.BlockNumber,
                log.Index
            )
        );
    }

    private void AddVaultAsset(Deployment deployment, Address account, BigInteger asset)
    {
        if (TryReadAsset(deployment, asset, out var market, out var outcome))
            Touched.Add(new TouchedAsset(account, market, outcome, Purse.Vault));
    }

    /// <summary>A payment by a co-signature has its own event before that of the payment, and changes what is leaving by a third.</summary>
    private void AddPurseChange(Deployment deployment, AbiEvent money, AbiValues values, EventLog log)
    {
        PurseChangeKind? kind =
            money == VaultContract.WithdrawalRequested ? PurseChangeKind.Requested
            : money == VaultContract.LeavingDrawn ? PurseChangeKind.Drawn
            : money == VaultContract.WithdrawalCancelled ? PurseChangeKind.Cancelled
            : money == VaultContract.Withdrawn && _spentAt != (log.BlockNumber, log.Index - 1) ? PurseChangeKind.Finished
            : null;
        if (kind is not { } what || !TryReadAsset(deployment, values.Integer("asset"), out var market, out var outcome))
            return;
        var isRequest = what == PurseChangeKind.Requested;
        var amount = values.Integer(what is PurseChangeKind.Requested or PurseChangeKind.Drawn ? "leaving" : "amount");
        PurseChanges.Add(
            new PurseChange(
                what,
                values.Address("account"),
                market,
                outcome,
                (long)BigInteger.Min(market is null ? amount : amount / OrderMessage.AmountPerLot, long.MaxValue),
                log.BlockNumber,
                log.Index,
                log.TransactionHash,
                isRequest ? (long)BigInteger.Min(values.Integer("readyBlock"), long.MaxValue) : 0,
                isRequest ? (long)BigInteger.Min(values.Integer("readyTime"), long.MaxValue) : 0
            )
        );
    }

    private void AddIncrease(Deployment deployment, AbiEvent money, AbiValues values, long block)
    {
        (BigInteger Asset, BigInteger Amount)? increase =
            money == VaultContract.Deposited || money == VaultContract.WithdrawalCancelled
                ? (values.Integer("asset"), values.Integer("amount"))
            : money == VaultContract.SharesRedeemed ? (VaultContract.Usdc, values.Integer("paid"))
            : null;
        if (increase is not var (asset, amount) || !TryReadAsset(deployment, asset, out var market, out var outcome))
            return;
        var units = BigInteger.Min(market is null ? amount : amount / OrderMessage.AmountPerLot, ExchangeLimits.OwnedUnits);
        Increases.Add(new PurseIncrease(values.Address("account"), market, outcome, (long)units, block));
    }

    /// <param name="market">Null: collateral.</param>
    private static bool TryReadAsset(Deployment deployment, BigInteger asset, out DeployedMarket? market, out int outcome)
    {
        (market, outcome) = (null, 0);
        if (asset == VaultContract.Usdc)
            return true;
        market = OutcomeTokenContract.TryReadId(asset, out var address, out outcome) ? deployment.Find(address) : null;
        return market is not null;
    }

    private void AddCreated(Deployment deployment, EventLog log)
    {
        var e = MarketFactoryContract.MarketCreated.Decode(log);
        if (deployment.Find(e.Address("market")) is null)
            Created.Add(new CreatedMarket(e.Address("market"), e.Hash("questionHash"), (int)e.Integer("outcomes"), log.BlockNumber));
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
            case MarketEvent.DecisionAnnounced announced:
                Announcements.Add(announced);
                break;
            case MarketEvent.VaultUsed used:
                VaultLegs[used.TradeId] = used.Legs;
                break;
            case MarketEvent.Resolved resolved:
                Resolutions.Add(resolved);
                break;
            case MarketEvent.Invalidated invalidated:
                Invalidations.Add(invalidated);
                break;
        }

        if (
            decoded
            is MarketEvent.Resolved
                or MarketEvent.Invalidated
                or MarketEvent.DecisionAnnounced
                or MarketEvent.PausedSet { Paused: true }
        )
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
            if (!e.Integer("value").IsZero)
                Granted.Add(e.Address("owner"));
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
            foreach (BigInteger id in (object[])e["ids"])
                AddShare(deployment, e.Address("from"), e.Address("to"), id);
        }
        else if (
            OutcomeTokenContract.ApprovalForAllEvent.Matches(log)
            && OutcomeTokenContract.ApprovalForAllEvent.Decode(log) is var e
            && e.Address("operator") == deployment.Factory
        )
        {
            ShareApprovals.Add(e.Address("account"));
            if (e.Bool("approved"))
                Granted.Add(e.Address("account"));
        }
    }

    private void AddShare(Deployment deployment, Address from, Address to, BigInteger id)
    {
        if (!OutcomeTokenContract.TryReadId(id, out var address, out var outcome) || deployment.Find(address) is not { } market)
            return;
        Touched.Add(new TouchedAsset(from, market, outcome));
        Touched.Add(new TouchedAsset(to, market, outcome));
    }
}
