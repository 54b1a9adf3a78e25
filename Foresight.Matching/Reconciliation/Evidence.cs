using System.Numerics;
using System.Text.Json;

namespace Foresight.Matching.Reconciliation;

/// <summary>Integers are decimal strings in the chain's units, because JSON numbers would lose precision.</summary>
public static class Evidence
{
    public static object Of(ChainTrade trade) =>
        new
        {
            tradeId = trade.TradeId.ToString(),
            market = trade.Market,
            kind = trade.Kind,
            amount = trade.Amount.ToString(),
            transactionHash = trade.Place.TransactionHash,
            logIndex = trade.Place.LogIndex,
            blockNumber = trade.Place.Block,
            blockHash = trade.Place.BlockHash,
            fills = Fills(trade.Fills),
        };

    public static object Of(DirectFill direct) =>
        new
        {
            market = direct.Market,
            knownOrder = direct.KnownOrder,
            transactionHash = direct.Place.TransactionHash,
            logIndex = direct.Place.LogIndex,
            blockNumber = direct.Place.Block,
            blockHash = direct.Place.BlockHash,
            fills = Fills([direct.Fill]),
        };

    public static object Of(JournalTrade trade) =>
        new
        {
            tradeId = trade.TradeId,
            marketId = trade.MarketId,
            kind = trade.Kind,
            amount = trade.Amount.ToString(),
            settlement = trade.State,
            reason = trade.Reason,
            transactionHash = trade.TransactionHash,
            blockNumber = trade.Block,
            closed = trade.Closed,
            fills = Fills(trade.Fills),
        };

    /// <summary>In micro-USDC. The larger side counts, because a mint has only buyers and a merge only sellers.</summary>
    public static BigInteger Worth(IReadOnlyList<FillSide> fills)
    {
        static BigInteger Cost(IEnumerable<FillSide> some) =>
            some.Aggregate(BigInteger.Zero, (sum, f) => sum + (f.Price * f.Amount)) / BigInteger.Pow(10, 18);
        return BigInteger.Max(Cost(fills.Where(f => f.IsBuy)), Cost(fills.Where(f => !f.IsBuy)));
    }

    public static string? Json(object? evidence) => evidence is null ? null : JsonSerializer.Serialize(evidence, JsonSerializerOptions.Web);

    internal static object[] Fills(IReadOnlyList<FillSide> fills) =>
        [
            .. fills.Select(f => new
            {
                orderHash = f.OrderHash,
                maker = f.Maker,
                outcome = f.Outcome,
                isBuy = f.IsBuy,
                price = f.Price.ToString(),
                amount = f.Amount.ToString(),
            }),
        ];
}
