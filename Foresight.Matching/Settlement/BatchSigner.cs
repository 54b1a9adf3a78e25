using Foresight.Chain;
using Foresight.Chain.Abi;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Transactions;
using Foresight.Matching.ChainReading;

namespace Foresight.Matching.Settlement;

/// <param name="Failed">Trades that would fail; those that are in no list would settle.</param>
/// <param name="SettledAlready">Trades that the chain has settled; the follower will report them.</param>
/// <param name="Doubtful">Trades about which nothing can be decided at this block, with the reason.</param>
/// <param name="Held">Reason why nothing in the market can settle now, for which no trade is to blame; null if there is none.</param>
public sealed record PreflightResult(
    IReadOnlyList<TradeOutcome> Failed,
    IReadOnlyList<long> SettledAlready,
    IReadOnlyList<(long TradeId, string Reason)> Doubtful,
    string? Held
)
{
    /// <summary>
    /// Firm trades that would fail, which by the rules of docs/firm-money.md none can. They are never given up: somebody is called, and
    /// they are tried again.
    /// </summary>
    public IReadOnlyList<(long TradeId, string Reason)> Firm { get; init; } = [];
}

/// <param name="TradeIds">The first of the requested trades, as many as fit into one transaction.</param>
/// <param name="Held">
/// Reason why the batch reverts, for which no trade is to blame, so that all of them wait; null if there is none.
/// </param>
public sealed record FittedBatch(IReadOnlyList<long> TradeIds, long GasLimit, string? Held);

public sealed class BatchSigner(Deployment deployment, EthereumClient client, OperatorKey key, SettlementOptions options)
{
    private readonly RefusedTransfers _transfers = new(deployment, client);
    private readonly FailureWitnesses _witnesses = new(client);

    /// <summary>What a signed transaction has besides its call: nonce, fees, limits, address and signature (about 130).</summary>
    private const int EnvelopeBytes = 200;

    private static readonly AbiError TooLittleGas = ContractArtifact.Market.Error("TooLittleGas");

    public NewBatch Sign(int marketId, IReadOnlyList<long> tradeIds, ILookup<long, TradeLeg> legs, long nonce, Fee fee, long gasLimit) =>
        SignBatch(marketId, deployment.Market(marketId).Address, SettleData(tradeIds, legs), nonce, fee, gasLimit, tradeIds);

    /// <summary>
    /// A sign of life is a batch without a market and without trades, so that it is stored, replaced and confirmed like any other
    /// transaction.
    /// </summary>
    public NewBatch SignLife(long nonce, Fee fee, long gasLimit) =>
        SignBatch(null, deployment.Factory, MarketFactoryContract.SignOfLife(), nonce, fee, gasLimit, []);

    /// <summary>Upkeep too, see <see cref="SignLife"/>.</summary>
    public NewBatch SignDecision(int marketId, long nonce, Fee fee, long gasLimit) =>
        SignBatch(null, deployment.Market(marketId).Address, MarketContract.ApplyDecision(), nonce, fee, gasLimit, []);

    /// <param name="upkeep">A transaction without trades.</param>
    public NewBatch SignAgain(byte[] upkeep, long nonce, Fee fee, long gasLimit) =>
        SignBatch(null, Eip1559Transaction.ToOf(upkeep), Eip1559Transaction.DataOf(upkeep), nonce, fee, gasLimit, []);

    private NewBatch SignBatch(int? marketId, Address to, byte[] data, long nonce, Fee fee, long gasLimit, IReadOnlyList<long> tradeIds)
    {
        var signed = new Eip1559Transaction
        {
            ChainId = deployment.ChainId,
            Nonce = nonce,
            To = to,
            GasLimit = gasLimit,
            MaxFeePerGas = fee.MaxFee,
            MaxPriorityFeePerGas = fee.PriorityFee,
            Data = data,
        }.Sign(key.Key);
        return new NewBatch(marketId, key.Address, nonce, signed.Raw, signed.Hash.ToBytes(), fee, gasLimit, tradeIds);
    }

    /// <summary>
    /// Each match is called in the way the market itself calls it, because <c>settle</c> catches the revert reason of a match. Every trade
    /// is judged, whatever becomes of the others: a doubt about one that could put off the decision about the next would let a few trades
    /// that fail hold up their market for as long as somebody likes.
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
        var calls = plan.TradeIds.Select(id => new CallRequest(market, SettleMatchData(id, legs[id]), market)).ToList();
        var results = await client.CallManyAsync(calls, ground, cancellationToken);
        var (failed, settled, doubtful) = (new List<TradeOutcome>(), new List<long>(), new List<(long TradeId, string Reason)>());
        var firm = new List<(long TradeId, string Reason)>();
        for (var i = 0; i < results.Count; i++)
        {
            var id = plan.TradeIds[i];
            var failure = results[i].Revert is { } revert ? SettlementFailure.Decode(revert.RevertData) : null;
            // Only a failure that goes on keeps its claim open.
            if (failure is null || failure.IsTemporary() || failure.IsSettledAlready())
                _witnesses.Forget(id);
            if (failure is null)
            {
                // The market cannot accept what its makers have not signed, so the node's answers contradict each other.
                if (await UnsignedAsync(plan.MarketId, legs[id], ground, cancellationToken) is { } order)
                    doubtful.Add((id, _witnesses.Contradict($"order {order} of trade {id} is not signed by its maker")));
                continue;
            }

            // All trades of the market meet a pause but the firm ones, which have batches of their own.
            if (failure.IsTemporary() && !plan.IsFirm)
                return new PreflightResult([], [], [], failure.Text);
            if (failure.IsTemporary())
                doubtful.Add((id, failure.Text));
            else if (failure.IsSettledAlready())
                settled.Add(id);
            else if (plan.IsFirm)
                firm.Add((id, failure.Text));
            else if (await DoubtAsync(plan.MarketId, id, legs[id], calls[i], failure, ground, cancellationToken) is { } doubt)
                doubtful.Add((id, doubt));
            else
            {
                var named = await _transfers.NameAsync(failure, ground, cancellationToken);
                failed.Add(new TradeOutcome(id, InvalidSignatures.StoredOf(named, legs[id], DomainOf(plan.MarketId))));
            }
        }

        return new PreflightResult(failed, settled, doubtful, null) { Firm = firm };
    }

    /// <summary>Once their failure is stored: a step that is cut off before finds what it knew.</summary>
    public void Forget(IEnumerable<TradeOutcome> stored)
    {
        foreach (var trade in stored)
            _witnesses.Forget(trade.TradeId);
    }

    /// <returns>Null if the failure can be believed.</returns>
    private async Task<string?> DoubtAsync(
        int marketId,
        long tradeId,
        IEnumerable<TradeLeg> legs,
        CallRequest call,
        SettlementFailure failure,
        BlockRef ground,
        CancellationToken cancellationToken
    )
    {
        var domain = DomainOf(marketId);
        // The market recovers the key before it asks any contract, so it cannot refuse a signature that was recovered here.
        if (
            failure.Code == SettlementFailure.InvalidSignature
            && legs.All(leg => Recover(domain, leg) is var (hash, signer) && (signer == Signer.Maker || hash != failure.OrderHash))
        )
            return _witnesses.Contradict($"the node says that {failure.Text}, and it is no such order of trade {tradeId}");
        return await _witnesses.DoubtAsync(tradeId, call, failure, ground, cancellationToken);
    }

    /// <returns>
    /// What the bytes can settle. Of the trades that belong to a batch, a transaction that had to be made smaller leaves some out.
    /// </returns>
    public static IReadOnlyList<long> TradeIdsOf(byte[] rawTransaction) =>
        MarketContract.TradeIdsOf(Eip1559Transaction.DataOf(rawTransaction));

    /// <summary>
    /// The batch is simulated with less gas than it will get, so that a pass leaves a margin for the state that changes until it is mined.
    /// If that is too little, the next step up is tried, with fewer trades.
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
        var mostByLength = BatchRules.FittingLength(
            [.. tradeIds.Select(id => SettleData([id], legs).Length)],
            options.BatchBytes - EnvelopeBytes
        );
        string? held = null;
        foreach (var plainLeg in GasRules.PlainLegSteps(options.LegGas))
        {
            var count = Math.Min(mostByLength, GasRules.Fitting(matches, plainLeg, options.BatchGas));
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

    /// <summary>
    /// Checked here, so that no transaction depends on what an Api node or a node of the chain claims about a key's signature. Contracts
    /// check theirs in the simulation, and the vault which key is registered. Null if all are signed.
    /// </summary>
    private async Task<Hash32?> UnsignedAsync(
        int marketId,
        IEnumerable<TradeLeg> legs,
        BlockRef ground,
        CancellationToken cancellationToken
    )
    {
        var domain = DomainOf(marketId);
        foreach (var leg in legs)
        {
            var (hash, signer) = Recover(domain, leg);
            if (signer != Signer.Unknown)
                continue;
            if (leg.OfVault || (await client.GetCodeAsync(new Address(leg.Maker), ground, cancellationToken)).Length == 0)
                return hash;
        }

        return null;
    }

    private TypedDataDomain DomainOf(int marketId) => TypedDataDomain.OfMarket(deployment.ChainId, deployment.Market(marketId).Address);

    private enum Signer
    {
        /// <summary>No key that is known: a contract may accept the signature for its wallet, and for the vault nothing does.</summary>
        Unknown,

        Maker,

        /// <summary>The key by which the order was taken. The market asks the vault whether it still is its maker's.</summary>
        RegisteredKey,
    }

    /// <returns>The hash as the market computes it from the order's members.</returns>
    private static (Hash32 Hash, Signer Signer) Recover(TypedDataDomain domain, TradeLeg leg)
    {
        var hash = InvalidSignatures.HashOf(domain, leg);
        if (hash != new Hash32(leg.OrderHash))
            return (hash, Signer.Unknown);
        var (maker, recovered) = (new Address(leg.Maker), OrderSigning.Check(hash, leg.Signature, new Address(leg.Maker)).Recovered);
        return recovered.IsZero ? (hash, Signer.Unknown)
            : recovered == maker ? (hash, Signer.Maker)
            : leg is { OfVault: true, SigningKey: { } key } && recovered == new Address(key) ? (hash, Signer.RegisteredKey)
            : (hash, Signer.Unknown);
    }

    private static MatchLegs Count(IEnumerable<TradeLeg> legs)
    {
        var (plain, wallets) = (0, 0);
        foreach (var leg in legs)
        {
            // For a leg of the vault the market asks no contract: its wallet has registered a key.
            if (leg.OfVault || OrderSigning.Check(new Hash32(leg.OrderHash), leg.Signature, new Address(leg.Maker)).IsValid)
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
            InvalidSignatures.MessageOf(leg),
            leg.Signature,
            leg.Lots * OrderMessage.AmountPerLot,
            (long)leg.PriceTicks * OrderMessage.PricePerTick
        )
        {
            OfVault = leg.OfVault,
        };
}
