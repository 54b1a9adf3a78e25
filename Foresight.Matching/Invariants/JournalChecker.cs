using Foresight.Matching.Sequencing;
using Foresight.Protocol;
using Foresight.Matching.Engine;
using Npgsql;

namespace Foresight.Matching.Invariants;

/// <summary>
/// Follows one shard's journal from its first command: replays it page by page, and compares what the commands make with what the tables
/// say. Reads only. Remembers the engine and the open orders, however long the journal is.
/// </summary>
internal sealed class JournalChecker(NpgsqlDataSource database, int shard, Violations violations)
{
    private const int PageCommands = 2_000;

    /// <summary>Orders and trades of a shard are numbered from shard * 2^48.</summary>
    private const int ShardBits = 48;

    private readonly ExchangeEngine engine = new(shard);
    private readonly ReplayedRows replayed = new(violations);

    /// <summary>Touched, and then written again by a batch that ends after the page: compared with the page that ends after that.</summary>
    private readonly HashSet<BalanceKey> postponed = [];

    private Position last;

    public long Sequence => engine.Sequence;
    public long Epoch => last.Epoch;
    public long Trades => replayed.TradesSoFar;
    public int OpenOrders => engine.OpenOrders;
    public string StateHash => Sequencer.Format(engine.StateHash());

    private long First => (long)shard << ShardBits;

    /// <summary>Reads on to the end of the journal, or to this sequence, or to the first page with a violation.</summary>
    public async Task AdvanceAsync(CancellationToken cancellation, long through = long.MaxValue)
    {
        while (violations.Count == 0 && await PageAsync(through, cancellation)) { }
    }

    /// <returns>True if there may be more.</returns>
    private async Task<bool> PageAsync(long through, CancellationToken cancellation)
    {
        await using var stored = await StoredRows.LookAsync(database, shard, cancellation);
        // The last one again: a journal that ends before it, or has another command there, has lost what it had.
        var page = await stored.CommandsAsync(Sequence, through, PageCommands, cancellation);
        if (Sequence > 0 && !IsContinued(page)) return false;
        var commands = page.Where(command => command.Position.Sequence > Sequence).ToList();

        var from = Sequence;
        replayed.StartPage();
        var hashes = await stored.SnapshotHashesAsync(from, commands.Count == 0 ? from : commands[^1].Position.Sequence, cancellation);
        foreach (var command in commands)
            if (!Replay(command, hashes)) return false;
        await CompareAsync(stored, from, cancellation);
        if (page.Count == PageCommands) return Sequence < through;
        if (through == long.MaxValue) await CompareTotalsAsync(stored, cancellation);
        return false;
    }

    private bool IsContinued(List<StoredCommand> page)
    {
        var there = page.Count > 0 ? page[0].Position : default;
        if (there.Sequence != last.Sequence)
            violations.Add($"Command {last.Sequence} was in the journal of shard {shard}, and is not there any more.");
        else if (there != last) violations.Add(
            $"Command {last.Sequence} was {last.RequestId} of epoch {last.Epoch}, and is now {there.RequestId} of epoch {there.Epoch}.");
        return there == last;
    }

    /// <returns>False if nothing can be built on what follows.</returns>
    private bool Replay(in StoredCommand stored, Dictionary<long, string> hashes)
    {
        var at = stored.Position;
        foreach (var sentence in CommandRules.Check(last, stored)) violations.Add(sentence);
        if (at.Sequence != Sequence + 1) return false;
        last = at;
        try
        {
            var command = CommandCodec.Decode(stored.Payload);
            foreach (var sentence in CommandRules.CheckPayload(stored, command)) violations.Add(sentence);
            var listener = new ReplayedRows.Listener(replayed);
            replayed.StartCommand(command, at.Epoch);
            engine.Apply(command, ref listener);
            replayed.FinishCommand();
        }
        catch (Exception error) when (error is FormatException or InvariantException or InvalidOperationException or OverflowException)
        {
            violations.Add($"Command {at.Sequence} cannot be replayed: {error.Message}.");
            return false;
        }

        violations.Require(
            replayed.Refused == (stored.Answer == ResultStatus.Rejected),
            $"Command {at.Sequence} was answered {stored.Answer}, and its replay is {(replayed.Refused ? "refused" : "accepted")}.");
        if (hashes.TryGetValue(at.Sequence, out var hash) && hash != StateHash)
            violations.Add(
                $"The snapshot at {at.Sequence} was stored with the state hash {hash}; replaying the journal gives {StateHash}.");
        return true;
    }

    private async Task CompareAsync(StoredRows stored, long from, CancellationToken cancellation)
    {
        if (Sequence > from)
        {
            var orders = await stored.OrdersAsync([.. replayed.Orders.Keys], First + from + 1, First + Sequence, cancellation);
            foreach (var (id, row) in orders)
                // Changed by a later page, with which it is compared.
                if (row.Changed > Sequence && replayed.Orders.TryGetValue(id, out var then))
                    orders[id] = row with
                    {
                        PriceTicks = then.PriceTicks, FilledLots = then.FilledLots, ReducedLots = then.ReducedLots, Status = then.Status,
                        Changed = then.Changed,
                    };
            violations.Compare(id => $"Order {id}", replayed.Orders, orders);
        }

        if (replayed.Trades.Count > 0)
        {
            var (least, most) = (replayed.Trades.Keys.Min(), replayed.Trades.Keys.Max());
            violations.Compare(id => $"Trade {id}", replayed.Trades, await stored.TradesAsync(least, most, cancellation));
            violations.Compare(
                key => $"Leg {key.Leg} of trade {key.Trade}", replayed.Fills, await stored.FillsAsync(least, most, cancellation));
        }

        if (replayed.ClosedTrades.Count > 0)
            foreach (var trade in await stored.StillOpenAsync([.. replayed.ClosedTrades], cancellation))
                violations.Add($"Trade {trade} is open in its table, and a command has closed it.");
        await CompareBalancesAsync(stored, cancellation);
    }

    private async Task CompareBalancesAsync(StoredRows stored, CancellationToken cancellation)
    {
        postponed.UnionWith(replayed.Balances);
        if (postponed.Count == 0) return;
        var rows = await stored.BalancesAsync(postponed, cancellation);
        foreach (var key in postponed.ToList())
        {
            var row = rows.GetValueOrDefault(key);
            if (row.Changed > Sequence) continue;
            postponed.Remove(key);
            var holding = engine.Balance(new(key.Account), new(key.Market), key.Outcome);
            violations.Require(
                row.Holding == holding,
                $"{key} is in its table as {row.Holding.Owned} owned, {row.Holding.OrderHold} held by orders, {row.Holding.TradeHold} held by trades, and the "
                + $"journal's commands make it {holding.Owned}, {holding.OrderHold}, {holding.TradeHold}.");
        }
    }

    /// <summary>At the end of the journal nothing is left over in the tables.</summary>
    private async Task CompareTotalsAsync(StoredRows stored, CancellationToken cancellation)
    {
        var totals = await stored.TotalsAsync(First, First + (1L << ShardBits) - 1, cancellation);
        violations.Require(
            totals.OpenOrders == engine.OpenOrders,
            $"{totals.OpenOrders} orders are open in their table, and {engine.OpenOrders} by the journal's commands.");
        violations.Require(
            totals.OpenTrades == engine.UnsettledTrades,
            $"{totals.OpenTrades} trades are open in their table, and {engine.UnsettledTrades} by the journal's commands.");
        violations.Require(
            totals.LastOrder <= First + Sequence,
            $"Order {totals.LastOrder} is in its table, and the journal of shard {shard} ends at {Sequence}.");
        violations.Require(
            totals.LastTrade <= replayed.LastTrade,
            $"Trade {totals.LastTrade} is in its table, and the last one that a command made is {replayed.LastTrade}.");
    }
}
