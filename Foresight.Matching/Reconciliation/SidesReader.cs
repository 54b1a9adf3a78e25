using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.Reconciliation;

/// <summary>Reads both sides of a block range. Either all of it succeeds, or it throws and nothing of the range is compared.</summary>
public sealed class SidesReader(Deployment deployment, EthereumClient client, ReconciliationStore store)
{
    private readonly ChainReader reader = new(client);
    private readonly Dictionary<int, Address> markets = deployment.Markets.ToDictionary(m => m.Id, m => m.Address);

    public async Task<(RangeSides Sides, BlockMark Last)> ReadAsync(BlockRange range, CancellationToken cancellation)
    {
        // The chain first: the follower has applied these blocks, so whatever they settled is in the journal by now.
        var verified = await reader.ReadAsync(range.FromBlock, range.ToBlock, null, [.. markets.Values], BlockFacts.FillTopics, cancellation);
        var facts = BlockFacts.Read(deployment, verified.Logs);
        var fills = facts.Fills.ToLookup(f => (f.TradeId, f.Position.TransactionHash));
        var chain = facts.Settled.Select(s => OfTrade(s, fills[(s.TradeId, s.Position.TransactionHash)])).ToList();

        var journal = await store.ReadTradesAsync(range, [.. chain.Where(c => c.TradeId <= long.MaxValue).Select(c => (long)c.TradeId)], cancellation);
        var direct = facts.DirectFills.ToList();
        var known = await store.ReadKnownOrdersAsync([.. direct.Select(d => d.OrderHash.ToString()).Distinct()], cancellation);
        var settled = chain.Select(c => c.TradeId).ToHashSet();
        var elsewhere = await SettledElsewhereAsync([.. journal.Values.Where(j => !settled.Contains(j.TradeId))], range.ToBlock, cancellation);
        return (new RangeSides(
            range.FromBlock, range.ToBlock, chain,
            [.. direct.Select(d => new DirectFill(MarketId(d), d.Position.Market.ToLowerHex(), OfFill(d), Place(d), known.Contains(d.OrderHash.ToString())))],
            journal, elsewhere), verified.Last);
    }

    /// <summary>Settled trades that name no block, or one before the deployment: looked up one by one.</summary>
    public async Task<RangeSides> ReadNowhereAsync(long toBlock, int limit, CancellationToken cancellation)
    {
        var ids = await store.ReadSettledNowhereAsync(deployment.DeployedBlock, limit, cancellation);
        var journal = await store.ReadTradesAsync(new BlockRange(0, -1), ids, cancellation);
        var elsewhere = await SettledElsewhereAsync([.. journal.Values], toBlock, cancellation);
        // They claim to be on chain and cannot say where: they are compared as if they said "here".
        var claimed = journal.Values.ToDictionary(t => t.TradeId, t => t with { Block = t.Block ?? toBlock });
        return new RangeSides(long.MinValue, long.MaxValue, [], [], claimed, elsewhere);
    }

    private async Task<IReadOnlySet<long>> SettledElsewhereAsync(IReadOnlyList<JournalTrade> missing, long block, CancellationToken cancellation)
    {
        var asked = missing.Where(t => t.State is TradeStates.Mined or TradeStates.Final && markets.ContainsKey(t.MarketId)).ToList();
        if (asked.Count == 0) return new HashSet<long>();
        var calls = asked.Select(t => new CallRequest(markets[t.MarketId], MarketContract.IsTradeSettledFunction.Encode(t.TradeId))).ToList();
        var answers = await client.CallManyAsync(calls, block, cancellation);
        return asked.Where((_, i) => MarketContract.IsTradeSettledFunction.DecodeOutput(answers[i].Required()).Bool("settled")).Select(t => t.TradeId).ToHashSet();
    }

    private ChainTrade OfTrade(MarketEvent.TradeSettled settled, IEnumerable<MarketEvent.OrderFilled> fills) => new(
        settled.TradeId, MarketId(settled), settled.Position.Market.ToLowerHex(), (int)settled.Kind, settled.Amount, Place(settled), [.. fills.Select(OfFill)]);

    private static FillSide OfFill(MarketEvent.OrderFilled fill)
        => new(fill.OrderHash.ToString(), fill.Maker.ToLowerHex(), (int)fill.OutcomeIndex, fill.IsBuy, fill.Price, fill.Amount);

    private static EventPlace Place(MarketEvent e)
        => new(e.Position.BlockNumber, e.Position.BlockHash.ToString(), e.Position.TransactionHash.ToString(), e.Position.LogIndex);

    private int? MarketId(MarketEvent e) => deployment.Find(e.Position.Market)?.Id;
}
