using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Reconciliation;

/// <summary>Throws if any read fails, because a failed read must not look like a missing trade.</summary>
public sealed class ReconciliationInputReader(Deployment deployment, EthereumClient client, ReconciliationStore store)
{
    /// <summary>
    /// Each trade costs a search of the logs since the deployment for its true block. Findings beyond this report only that the block is
    /// wrong.
    /// </summary>
    private const int LocateLimit = 200;

    private readonly ChainReader _reader = new(client);
    private readonly Dictionary<int, Address> _markets = deployment.Markets.ToDictionary(m => m.Id, m => m.Address);

    /// <param name="asOf">
    /// The run's last block. Whether a trade was settled at all is queried there, because a node that is no archive no longer has the state
    /// of older blocks.
    /// </param>
    public async Task<(ReconciliationInput Sides, VerifiedRange Verified)> ReadAsync(
        BlockRange range,
        long asOf,
        CancellationToken cancellationToken
    )
    {
        // The chain is read first: the follower has applied these blocks, so whatever they settled is in the journal by now.
        var verified = await _reader.ReadAsync(
            range.FromBlock,
            range.ToBlock,
            null,
            [.. _markets.Values],
            BlockFacts.FillTopics,
            cancellationToken
        );
        var facts = BlockFacts.Read(deployment, verified.Logs);
        var fills = facts.Fills.ToLookup(f => (f.TradeId, f.Position.TransactionHash));
        var chain = facts.Settled.Select(s => OfTrade(s, fills[(s.TradeId, s.Position.TransactionHash)])).ToList();

        var journal = await store.ReadTradesAsync(
            range,
            [.. chain.Where(c => c.TradeId <= long.MaxValue).Select(c => (long)c.TradeId)],
            cancellationToken
        );
        var direct = facts.DirectFills.ToList();
        var known = await store.ReadKnownOrdersAsync([.. direct.Select(d => d.OrderHash.ToString()).Distinct()], cancellationToken);
        var recorded = await store.ReadRecordedAsync(range, cancellationToken);
        var settled = chain.Select(c => c.TradeId).ToHashSet();
        var missing = journal.Values.Where(j => !settled.Contains(j.TradeId)).ToList();
        // Before the chain is queried by id: a node that omits a log must not make the journal's block look wrong.
        await ConfirmAsync(
            verified,
            missing.Where(m => m.State is TradeStates.Mined or TradeStates.Final).Select(m => m.Block),
            cancellationToken
        );
        return (
            new ReconciliationInput(
                range.FromBlock,
                range.ToBlock,
                chain,
                [
                    .. direct.Select(d => new DirectFill(
                        MarketId(d),
                        d.Position.Market.ToLowerHex(),
                        OfFill(d),
                        Place(d),
                        known.Contains(d.OrderHash.ToString())
                    )),
                ],
                journal,
                await SettledElsewhereAsync(missing, asOf, cancellationToken),
                recorded
            ),
            verified
        );
    }

    /// <summary>
    /// Before anything of a block is reported it is verified by a second and different read, its receipts: a node that omits some logs of a
    /// block contradicts itself here.
    /// </summary>
    /// <exception cref="InconsistentChainException">The receipts contradict the logs.</exception>
    public async Task ConfirmAsync(VerifiedRange verified, IEnumerable<long?> blocks, CancellationToken cancellationToken)
    {
        var first = verified.Headers[0].Number;
        foreach (var block in blocks.OfType<long>().Distinct().Where(b => b >= first && b <= verified.Last.Number).Order())
        {
            var receipts = await client.GetBlockReceiptsAsync(verified.Headers[(int)(block - first)].Hash, cancellationToken);
            var told = receipts
                .SelectMany(r => r.Logs)
                .Where(l => l.Topics.Count > 0 && BlockFacts.FillTopics.Contains(l.Topics[0]) && _markets.ContainsValue(l.Address));
            if (
                !told.Select(l => l.Index)
                    .Order()
                    .SequenceEqual(verified.Logs.Where(l => l.BlockNumber == block).Select(l => l.Index).Order())
            )
                throw new InconsistentChainException($"The node's logs of block {block} differ from its receipts.");
        }
    }

    public async Task<ReconciliationInput> ReadNowhereAsync(long toBlock, int limit, CancellationToken cancellationToken)
    {
        var ids = await store.ReadSettledNowhereAsync(deployment.DeployedBlock, limit, cancellationToken);
        var journal = await store.ReadTradesAsync(new BlockRange(0, -1), ids, cancellationToken);
        var elsewhere = await SettledElsewhereAsync([.. journal.Values], toBlock, cancellationToken);
        return new ReconciliationInput(
            deployment.DeployedBlock,
            toBlock,
            [],
            [],
            journal,
            elsewhere,
            new HashSet<string>(),
            WithoutBlock: true
        );
    }

    private async Task<IReadOnlyDictionary<long, EventPlace?>> SettledElsewhereAsync(
        IReadOnlyList<JournalTrade> missing,
        long block,
        CancellationToken cancellationToken
    )
    {
        var asked = missing.Where(t => t.State is TradeStates.Mined or TradeStates.Final && _markets.ContainsKey(t.MarketId)).ToList();
        var places = new Dictionary<long, EventPlace?>();
        if (asked.Count == 0)
            return places;
        var calls = asked
            .Select(t => new CallRequest(_markets[t.MarketId], MarketContract.IsTradeSettledFunction.Encode(t.TradeId)))
            .ToList();
        var answers = await client.CallManyAsync(calls, block, cancellationToken);
        foreach (var trade in asked.Where((_, i) => (bool)MarketContract.IsTradeSettledFunction.DecodeOutput(answers[i].Required())[0]))
            places[trade.TradeId] = places.Count < LocateLimit ? await LocateAsync(trade, block, cancellationToken) : null;
        return places;
    }

    /// <summary>
    /// Null if the node does not know, or no confirmed block since the deployment contains the trade: its block is then reported as wrong,
    /// and nothing is repaired.
    /// </summary>
    private async Task<EventPlace?> LocateAsync(JournalTrade trade, long toBlock, CancellationToken cancellationToken)
    {
        var filter = new LogFilter
        {
            FromBlock = deployment.DeployedBlock,
            ToBlock = toBlock,
            Addresses = [_markets[trade.MarketId]],
            Topics =
            [
                [MarketEvents.TradeSettled.Topic],
                [new Hash32(Word.ToBytes(trade.TradeId))],
            ],
        };
        var logs = await client.GetLogsAsync(filter, cancellationToken);
        if (logs.Count != 1 || MarketEvents.TryDecode(logs[0]) is not MarketEvent.TradeSettled settled)
            return null;
        var header = await client.GetBlockAsync(logs[0].BlockNumber, cancellationToken);
        return header?.Hash == logs[0].BlockHash ? Place(settled) : null;
    }

    private ChainTrade OfTrade(MarketEvent.TradeSettled settled, IEnumerable<MarketEvent.OrderFilled> fills) =>
        new(
            settled.TradeId,
            MarketId(settled),
            settled.Position.Market.ToLowerHex(),
            (int)settled.Kind,
            settled.Amount,
            Place(settled),
            [.. fills.Select(OfFill)]
        );

    private static FillSide OfFill(MarketEvent.OrderFilled fill) =>
        new(fill.OrderHash.ToString(), fill.Maker.ToLowerHex(), (int)fill.OutcomeIndex, fill.IsBuy, fill.Price, fill.Amount);

    private static EventPlace Place(MarketEvent e) =>
        new(e.Position.BlockNumber, e.Position.BlockHash.ToString(), e.Position.TransactionHash.ToString(), e.Position.LogIndex);

    private int? MarketId(MarketEvent e) => deployment.Find(e.Position.Market)?.Id;
}
