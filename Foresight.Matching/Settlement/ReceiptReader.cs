using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainReading;

namespace Foresight.Matching.Settlement;

/// <summary>
/// The status 1 of a mined batch proves none of its trades, because <c>settle</c> catches the failure of a match. The logs decide.
/// </summary>
public sealed partial class ReceiptReader(Deployment deployment, RefusedTransfers transfers, ILogger logger)
{
    /// <returns>
    /// The outcome of every trade that the receipt decides. A trade that an earlier transaction settled is not among them, because the
    /// follower reports it.
    /// </returns>
    public async Task<IReadOnlyList<TradeOutcome>> ReadAsync(
        TransactionReceipt receipt,
        int marketId,
        IReadOnlyList<long> tradeIds,
        ILookup<long, TradeLeg> legs,
        CancellationToken cancellationToken
    )
    {
        var market = deployment.Market(marketId);
        var domain = TypedDataDomain.OfMarket(deployment.ChainId, market.Address);
        var facts = BlockFacts.Read(deployment, receipt.Logs.Where(l => l.Address == market.Address));
        var settled = facts.Settled.ToDictionary(s => s.TradeId);
        var refused = facts.Refused.ToDictionary(r => r.TradeId);
        var fills = facts.Fills.ToLookup(f => f.TradeId);

        var outcomes = new List<TradeOutcome>(tradeIds.Count);
        foreach (var id in tradeIds)
        {
            if (settled.ContainsKey(id))
            {
                if (!SameFills(legs[id], fills[id]))
                    Log.FillsDiffer(logger, id, receipt.TransactionHash);
                outcomes.Add(new TradeOutcome(id, null));
            }
            else if (refused.TryGetValue(id, out var refusal))
            {
                var failure = await transfers.NameAsync(
                    SettlementFailure.Decode(refusal.Reason),
                    BlockRef.Hash(receipt.BlockHash),
                    cancellationToken
                );
                if (failure.IsSettledAlready())
                    continue;
                var reason = InvalidSignatures.StoredOf(failure, legs[id], domain);
                var isFirm = TradeLeg.AreFirm(legs[id]);
                if (isFirm)
                    Log.FirmRefused(logger, id, receipt.TransactionHash, failure.Text);
                outcomes.Add(new TradeOutcome(id, reason, failure.IsTemporary() || isFirm));
            }
            else
            {
                Log.Unreported(logger, id, receipt.TransactionHash);
                outcomes.Add(new TradeOutcome(id, FailureReasons.Unreported, TradeLeg.AreFirm(legs[id])));
            }
        }

        return outcomes;
    }

    private static bool SameFills(IEnumerable<TradeLeg> expected, IEnumerable<MarketEvent.OrderFilled> actual)
    {
        var wanted = expected.Select(l =>
            (
                new Hash32(l.OrderHash),
                l.Outcome,
                l.IsBuy,
                Price: (long)l.PriceTicks * OrderMessage.PricePerTick,
                Amount: l.Lots * OrderMessage.AmountPerLot
            )
        );
        var got = actual.Select(f => (f.OrderHash, Outcome: (int)f.OutcomeIndex, f.IsBuy, Price: (long)f.Price, f.Amount));
        return wanted.OrderBy(x => x.Item1).SequenceEqual(got.OrderBy(x => x.OrderHash));
    }

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Critical,
            "Trade {TradeId} settled in {Transaction} with fills that differ from its match; see the next reconciliation run."
        )]
        public static partial void FillsDiffer(ILogger logger, long tradeId, Hash32 transaction);

        [LoggerMessage(
            LogLevel.Critical,
            "Firm trade {TradeId} was refused in {Transaction}, which none can be: {Reason}. It is sent again; find out why."
        )]
        public static partial void FirmRefused(ILogger logger, long tradeId, Hash32 transaction, string reason);

        [LoggerMessage(LogLevel.Critical, "Transaction {Transaction} was mined without an event for trade {TradeId}.")]
        public static partial void Unreported(ILogger logger, long tradeId, Hash32 transaction);
    }
}
