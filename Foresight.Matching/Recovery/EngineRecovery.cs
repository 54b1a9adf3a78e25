using Foresight.Matching.Engine;
using Foresight.Matching.Journal;
using Foresight.Matching.Orders;
using Foresight.Matching.Sequencing;

namespace Foresight.Matching.Recovery;

/// <summary>No term may build on a journal that contradicts itself; an operator must investigate first.</summary>
internal sealed class JournalBrokenException(string message) : Exception(message);

/// <summary>
/// Runs under the new term, when no other node can write any more. The tables supply what the engine does not hold; the rest is the newest
/// readable snapshot and the commands after it.
/// </summary>
internal sealed partial class EngineRecovery(IJournal journal, int shard, ILogger logger)
{
    public async Task<Sequencer> RebuildAsync(CancellationToken cancellationToken)
    {
        // In parallel, because no node writes, and the database sorts the tables' rows while the engine replays.
        var rebuilding = EngineAsync(cancellationToken);
        var reading = OrdersAsync(cancellationToken);
        var summing = VolumesAsync(cancellationToken);
        await Task.WhenAll(rebuilding, reading, summing);

        var (engine, lastAcceptedAt) = await rebuilding;
        var (accounts, orders) = await reading;
        var markets = await journal.ListedMarketsAsync(cancellationToken);
        foreach (var unlisted in markets.Where(market => !engine.HasMarket(market.Id)))
            throw new JournalBrokenException(
                $"Market {unlisted.Id.Value} is listed in table markets, but no command in the journal lists it."
            );
        var failed = new Dictionary<Guid, DateTime>();
        await foreach (var (requestId, until) in journal.FailedCommandsAsync(cancellationToken))
            failed.Add(requestId, until);
        var state = new MatchingState(engine, accounts, orders, markets.ToDictionary(market => market.Id));
        RestoreStatistics(state, await summing);
        return new Sequencer(state, failed, lastAcceptedAt);
    }

    /// <summary>Rebuilds from the commands alone, as evidence that snapshots and tables add nothing to them.</summary>
    public async Task<ExchangeEngine> ReplayAllAsync(long through, CancellationToken cancellationToken)
    {
        var engine = new ExchangeEngine(shard);
        await ReplayAsync(engine, through, cancellationToken);
        return engine;
    }

    private async Task<ExchangeEngine?> FromSnapshotAsync(CancellationToken cancellationToken)
    {
        await foreach (var snapshot in journal.SnapshotsAsync(cancellationToken))
        {
            try
            {
                var engine = ExchangeEngine.Restore(snapshot.State);
                if (engine.Sequence == snapshot.Sequence && Sequencer.Format(engine.StateHash()) == snapshot.StateHash)
                    return engine;
                Log.SnapshotDiffers(logger, snapshot.Sequence);
            }
            catch (FormatException error)
            {
                // A snapshot of another format version. The journal holds every command, so the replay only takes longer.
                Log.SnapshotUnreadable(logger, snapshot.Sequence, error.Message);
            }
        }

        return null;
    }

    private async Task<long> ReplayAsync(ExchangeEngine engine, long through, CancellationToken cancellationToken)
    {
        var from = engine.Sequence;
        var stamp = 0L;
        var events = default(NoEvents);
        // Includes the command at the snapshot's own sequence, for its time stamp.
        await foreach (var (sequence, payload) in journal.CommandsAsync(from, through, cancellationToken))
        {
            var next = CommandCodec.Decode(payload);
            stamp = next.AcceptedAtMicros;
            if (sequence == from)
                continue;
            if (sequence != engine.Sequence + 1 || next.Sequence != sequence)
                throw new JournalBrokenException($"The journal has a gap: sequence {sequence} follows sequence {engine.Sequence}.");
            engine.Apply(next, ref events);
        }

        return stamp;
    }

    private async Task<(ExchangeEngine Engine, long LastAcceptedAt)> EngineAsync(CancellationToken cancellationToken)
    {
        var engine = await FromSnapshotAsync(cancellationToken) ?? new ExchangeEngine(shard);
        var from = engine.Sequence;
        var lastAcceptedAt = await ReplayAsync(engine, through: long.MaxValue, cancellationToken);
        Log.Replayed(logger, from, engine.Sequence);
        return (engine, lastAcceptedAt);
    }

    private async Task<(Accounts Accounts, LiveOrders Orders)> OrdersAsync(CancellationToken cancellationToken)
    {
        var accounts = new Accounts();
        await foreach (var (id, address) in journal.AccountsAsync(cancellationToken))
            accounts.Add(id, address);
        var orders = new LiveOrders();
        await foreach (var order in journal.LiveOrdersAsync(accounts, cancellationToken))
            orders.Add(order);
        return (accounts, orders);
    }

    private async Task<List<MinuteVolume>> VolumesAsync(CancellationToken cancellationToken)
    {
        var volumes = new List<MinuteVolume>();
        await foreach (var minute in journal.VolumesAsync(cancellationToken))
            volumes.Add(minute);
        return volumes;
    }

    private static void RestoreStatistics(MatchingState state, List<MinuteVolume> volumes)
    {
        foreach (var minute in volumes)
        {
            if (!state.Markets.TryGetValue(minute.Market, out var market))
                continue;
            market.Stats.Add(minute.UnixSeconds, minute.Lots, minute.NotionalMicros, minute.Trades);
            if (market.Outcomes == 2)
                market.Stats.LastPriceTicks = minute.LastPriceTicks;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Information,
            "Engine rebuilt from the snapshot at sequence {Snapshot} and the journal up to sequence {Sequence}."
        )]
        public static partial void Replayed(ILogger logger, long snapshot, long sequence);

        [LoggerMessage(
            LogLevel.Error,
            "Snapshot at sequence {Sequence} is corrupt (its state hash differs from the stored one); falling back to an older one."
        )]
        public static partial void SnapshotDiffers(ILogger logger, long sequence);

        [LoggerMessage(LogLevel.Warning, "Snapshot at sequence {Sequence} cannot be read; falling back to an older one: {Reason}")]
        public static partial void SnapshotUnreadable(ILogger logger, long sequence, string reason);
    }
}

/// <summary>Discards the events of a replay: their effects are in the tables already.</summary>
internal readonly struct NoEvents : IExchangeEvents
{
    public void OnAccepted(OrderId order, Purse purse, in Command placed) { }

    public void OnRejected(in CommandRejected e) { }

    public void OnTrade(in TradeExecuted e) { }

    public void OnFilled(in OrderFilled e) { }

    public void OnCancelled(in OrderCancelled e) { }

    public void OnReplaced(in OrderReplaced e) { }

    public void OnMarketChanged(in MarketChanged e) { }

    public void OnTradeClosed(in TradeClosed e) { }

    public void OnBalanceTouched(AccountId account, MarketId market, byte outcome, Purse purse) { }
}
