using Foresight.Chain;
using Foresight.Chain.Abi;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Transactions;

namespace Foresight.Matching.Settlement;

/// <param name="Failed">These would fail; the others would settle.</param>
/// <param name="Held">Set when nothing of the market can settle now and no trade is to blame.</param>
/// <param name="SettledAlready">The chain has these; the follower will say so.</param>
public sealed record PreflightResult(IReadOnlyList<TradeOutcome> Failed, IReadOnlyList<long> SettledAlready, string? Held);

/// <summary>Turns trades into the call that settles them, tries it, and signs it.</summary>
public sealed class BatchSigner(Deployment deployment, EthereumClient client, OperatorKey key)
{
    // Market.MATCH_GAS and LEG_GAS: what the contract demands to be there for each match, used or not.
    private const long MatchGas = 150_000;
    private const long LegGas = 450_000;

    /// <summary>Calldata of a leg is about 550 bytes of at most 16 gas; events and the loop come on top.</summary>
    private const long LegOverheadGas = 15_000;

    private const long BatchOverheadGas = 100_000;

    private static readonly AbiFunction SettleMatch = AbiFunction.Parse(
        "settleMatch((uint256 tradeId, ((address maker, uint256 outcomeIndex, bool isBuy, uint256 price, uint256 amount, uint256 salt, uint256 expiry) order, bytes signature, uint256 amount, uint256 price)[] legs) m)");

    /// <summary>
    /// Gas is bound by what the contract demands for each leg, never estimated: it catches a failing match, so an estimate would find the
    /// least gas with which every match fails. What is not used is given back. A 64th stays with the caller of a call (EIP-150).
    /// </summary>
    public static long GasLimit(int trades, int legs)
        => BatchOverheadGas + ((((MatchGas * trades) + ((LegGas + LegOverheadGas) * legs)) * 64 / 63) + 1);

    public NewBatch Sign(int marketId, IReadOnlyList<long> tradeIds, ILookup<long, TradeLeg> legs, long nonce, Fee fee)
    {
        var gas = GasLimit(tradeIds, legs);
        var signed = new Eip1559Transaction
        {
            ChainId = deployment.ChainId, Nonce = nonce, To = deployment.Market(marketId).Address, GasLimit = gas, MaxFeePerGas = fee.MaxFee,
            MaxPriorityFeePerGas = fee.PriorityFee, Data = SettleData(tradeIds, legs),
        }.Sign(key.Key);
        return new NewBatch(marketId, key.Address, nonce, signed.Raw, signed.Hash.ToBytes(), fee, gas, tradeIds);
    }

    /// <summary>
    /// Asks the node what each match would do on the newest block. Each is called as the market itself calls it, because <c>settle</c>
    /// catches what a match reverts with; then the whole is called as the operator will.
    /// </summary>
    public async Task<PreflightResult> PreflightAsync(PlannedBatch plan, ILookup<long, TradeLeg> legs, CancellationToken cancellation)
    {
        var market = deployment.Market(plan.MarketId).Address;
        var results = await client.CallManyAsync(
            [.. plan.TradeIds.Select(id => new CallRequest(market, SettleMatchData(id, legs[id]), market))], BlockRef.Latest, cancellation);
        var (failed, settled) = (new List<TradeOutcome>(), new List<long>());
        for (var i = 0; i < results.Count; i++)
        {
            if (results[i].Revert is not { } revert) continue;
            var failure = SettlementFailure.Decode(revert.RevertData);
            if (failure.IsTemporary()) return new PreflightResult([], [], failure.Text);
            if (failure.IsSettledAlready()) settled.Add(plan.TradeIds[i]);
            else failed.Add(new TradeOutcome(plan.TradeIds[i], failure.Stored()));
        }

        var good = plan.TradeIds.Except(settled).Except(failed.Select(f => f.TradeId)).ToList();
        var held = good.Count == 0 ? null : await TryWholeAsync(market, good, legs, cancellation);
        return new PreflightResult(failed, settled, held);
    }

    private async Task<string?> TryWholeAsync(Address market, IReadOnlyList<long> tradeIds, ILookup<long, TradeLeg> legs, CancellationToken cancellation)
    {
        var call = new CallRequest(market, SettleData(tradeIds, legs), key.Key.Address, GasLimit(tradeIds, legs));
        return (await client.CallManyAsync([call], BlockRef.Latest, cancellation))[0].Revert?.Message;
    }

    private static long GasLimit(IReadOnlyList<long> tradeIds, ILookup<long, TradeLeg> legs) => GasLimit(tradeIds.Count, tradeIds.Sum(id => legs[id].Count()));

    private static byte[] SettleData(IReadOnlyList<long> tradeIds, ILookup<long, TradeLeg> legs)
        => MarketContract.Settle([.. tradeIds.Select(id => new MarketMatch(id, [.. legs[id].Select(Leg)]))]);

    private static byte[] SettleMatchData(long tradeId, IEnumerable<TradeLeg> legs) => SettleMatch.Encode([new object[]
    {
        tradeId,
        legs.Select(Leg).Select(leg => new object[]
        {
            new object[] { leg.Order.Maker, leg.Order.OutcomeIndex, leg.Order.IsBuy, leg.Order.Price, leg.Order.Amount, leg.Order.Salt, leg.Order.Expiry },
            leg.Signature, leg.Amount, leg.Price,
        }).ToArray(),
    }]);

    private static MarketLeg Leg(TradeLeg leg) => new(
        OrderMessage.OfUnits(new Address(leg.Maker), leg.Outcome, leg.IsBuy, leg.OrderPriceTicks, leg.OrderLots, leg.Salt, leg.Expiry),
        leg.Signature, leg.Lots * OrderMessage.AmountPerLot, (long)leg.PriceTicks * OrderMessage.PricePerTick);
}
