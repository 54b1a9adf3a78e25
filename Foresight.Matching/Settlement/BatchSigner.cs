using Foresight.Chain;
using Foresight.Chain.Abi;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Transactions;
using Foresight.Matching.ChainReading;

namespace Foresight.Matching.Settlement;

/// <param name="Failed">Trades that would fail; the others would settle.</param>
/// <param name="Held">Reason why nothing in the market can settle now, for which no trade is to blame; null if there is none.</param>
/// <param name="SettledAlready">Trades that the chain has settled; the follower will report them.</param>
public sealed record PreflightResult(IReadOnlyList<TradeOutcome> Failed, IReadOnlyList<long> SettledAlready, string? Held);

/// <param name="TradeIds">The first of the requested trades, as many as fit into one transaction.</param>
/// <param name="Held">Reason why the whole reverts, for which no trade is to blame; null if there is none.</param>
public sealed record FittedBatch(IReadOnlyList<long> TradeIds, long GasLimit, string? Held);

public sealed class BatchSigner(Deployment deployment, EthereumClient client, OperatorKey key, SettlementOptions options)
{
    private readonly RefusedTransfers _transfers = new(deployment, client);

    private static readonly AbiError TooLittleGas = ContractArtifact.Market.Error("TooLittleGas");

    public NewBatch Sign(int marketId, IReadOnlyList<long> tradeIds, ILookup<long, TradeLeg> legs, long nonce, Fee fee, long gasLimit)
    {
        var signed = new Eip1559Transaction
        {
            ChainId = deployment.ChainId,
            Nonce = nonce,
            To = deployment.Market(marketId).Address,
            GasLimit = gasLimit,
            MaxFeePerGas = fee.MaxFee,
            MaxPriorityFeePerGas = fee.PriorityFee,
            Data = SettleData(tradeIds, legs),
        }.Sign(key.Key);
        return new NewBatch(marketId, key.Address, nonce, signed.Raw, signed.Hash.ToBytes(), fee, gasLimit, tradeIds);
    }

    /// <summary>
    /// Simulates each match on top of this block. Each is called in the way the market itself calls it, because <c>settle</c> catches the
    /// revert reason of a match.
    /// </summary>
    /// <param name="ground">
    /// Named by its hash, so that a node without this block returns an error instead of the result for another one.
    /// </param>
    public async Task<PreflightResult> PreflightAsync(
        PlannedBatch plan,
        ILookup<long, TradeLeg> legs,
        BlockRef ground,
        CancellationToken cancellationToken
    )
    {
        var market = deployment.Market(plan.MarketId).Address;
        var results = await client.CallManyAsync(
            [.. plan.TradeIds.Select(id => new CallRequest(market, SettleMatchData(id, legs[id]), market))],
            ground,
            cancellationToken
        );
        var (failed, settled) = (new List<TradeOutcome>(), new List<long>());
        for (var i = 0; i < results.Count; i++)
        {
            if (results[i].Revert is not { } revert)
                continue;
            var failure = SettlementFailure.Decode(revert.RevertData);
            if (failure.IsTemporary())
                return new PreflightResult([], [], failure.Text);
            if (failure.IsSettledAlready())
                settled.Add(plan.TradeIds[i]);
            else
                failed.Add(new TradeOutcome(plan.TradeIds[i], (await _transfers.NameAsync(failure, ground, cancellationToken)).Stored()));
        }

        return new PreflightResult(failed, settled, null);
    }

    /// <summary>
    /// Determines how many of these trades fit into one transaction, and its gas limit. The whole is simulated with less gas than it will
    /// get; if that is too little, with the next step up and fewer trades.
    /// </summary>
    public async Task<FittedBatch> FitAsync(
        int marketId,
        IReadOnlyList<long> tradeIds,
        ILookup<long, TradeLeg> legs,
        BlockRef ground,
        CancellationToken cancellationToken
    )
    {
        var matches = tradeIds.Select(id => Count(legs[id])).ToList();
        string? held = null;
        foreach (var plainLeg in GasRules.PlainLegSteps(options.LegGas))
        {
            var count = GasRules.Fitting(matches, plainLeg, options.BatchGas);
            var (taken, of) = (tradeIds.Take(count).ToList(), matches.Take(count).ToList());
            var call = new CallRequest(
                deployment.Market(marketId).Address,
                SettleData(taken, legs),
                key.Key.Address,
                GasRules.TrialLimit(of, plainLeg)
            );
            var revert = (await client.CallManyAsync([call], ground, cancellationToken))[0].Revert;
            if (revert is null)
                return new FittedBatch(taken, GasRules.Limit(of, plainLeg), null);
            held = revert.Message;
            if (revert.RevertData is not { Length: >= 4 } data || !data.AsSpan(0, 4).SequenceEqual(TooLittleGas.Selector))
                break;
        }

        return new FittedBatch([], 0, held);
    }

    private static MatchLegs Count(IEnumerable<TradeLeg> legs)
    {
        var (plain, wallets) = (0, 0);
        foreach (var leg in legs)
        {
            if (OrderSigning.Check(new Hash32(leg.OrderHash), leg.Signature, new Address(leg.Maker)).IsValid)
                plain++;
            else
                wallets++;
        }

        return new MatchLegs(plain, wallets);
    }

    private static byte[] SettleData(IReadOnlyList<long> tradeIds, ILookup<long, TradeLeg> legs) =>
        MarketContract.Settle([.. tradeIds.Select(id => new MarketMatch(id, [.. legs[id].Select(Leg)]))]);

    private static byte[] SettleMatchData(long tradeId, IEnumerable<TradeLeg> legs) =>
        MarketContract.SettleMatch(new MarketMatch(tradeId, [.. legs.Select(Leg)]));

    private static MarketLeg Leg(TradeLeg leg) =>
        new(
            OrderMessage.OfUnits(new Address(leg.Maker), leg.Outcome, leg.IsBuy, leg.OrderPriceTicks, leg.OrderLots, leg.Salt, leg.Expiry),
            leg.Signature,
            leg.Lots * OrderMessage.AmountPerLot,
            (long)leg.PriceTicks * OrderMessage.PricePerTick
        );
}
