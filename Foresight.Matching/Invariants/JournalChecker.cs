using Foresight.Matching.Engine;
using Foresight.Matching.Sequencing;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.Matching.Invariants;

/// <summary>
/// Replays the journal page by page, so that memory is that of the engine and the open orders, however long the journal is. Read-only.
/// </summary>
internal sealed class JournalChecker(NpgsqlDataSource database, int shard, Violations violations)
{
    private const int PageCommands = 2_000;

    /// <summary>The shard is in the upper 16 bits of order and trade ids, so its ids start at shard * 2^48.</summary>
    private const int ShardBits = 48;

    private readonly ExchangeEngine _engine = new(shard);
    private readonly ReplayedRows _replayed = new(violations);

    /// <summary>
    /// Balances that a batch beyond the page has written again. The table holds only their last state, so they are compared with the page
    /// that contains that batch.
    /// </summary>
    private readonly HashSet<BalanceKey> _postponed = [];

    private Position _last;

    public long Sequence => _engine.Sequence;
    public long Epoch => _last.Epoch;
    public long Trades => _replayed.TradesSoFar;
    public int OpenOrders => _engine.OpenOrders;
    public string StateHash => Sequencer.Format(_engine.StateHash());

    private long First => (long)shard << ShardBits;

    public async Task AdvanceAsync(CancellationToken cancellationToken, long through = long.MaxValue)
    {
        while (violations.Count == 0 && await PageAsync(through, cancellationToken)) { }
    }

    private async Task<bool> PageAsync(long through, CancellationToken cancellationToken)
    {
        await using var stored = await StoredRows.LookAsync(database, shard, cancellationToken);
        // Includes the last command again: if the journal ends before it, or has another command there, it has lost commands.
        var page = await stored.CommandsAsync(Sequence, through, PageCommands, cancellationToken);
        if (Sequence > 0 && !IsContinued(page))
            return false;
        var commands = page.Where(command => command.Position.Sequence > Sequence).ToList();

        var from = Sequence;
        _replayed.StartPage();
        var hashes = await stored.SnapshotHashesAsync(from, commands.Count == 0 ? from : commands[^1].Position.Sequence, cancellationToken);
        foreach (var command in commands)
            if (!Replay(command, hashes))
                return false;
        await CompareAsync(stored, from, cancellationToken);
        if (page.Count == PageCommands)
            return Sequence < through;
        if (through == long.MaxValue)
            await CompareTotalsAsync(stored, cancellationToken);
        return false;
    }

    private bool IsContinued(List<StoredCommand> page)
    {
        var there = page.Count > 0 ? page[0].Position : default;
        if (there.Sequence != _last.Sequence)
            violations.Add($"Command {_last.Sequence} was in the journal of shard {shard}, and is not there any more.");
        else if (there != _last)
            violations.Add(
                $"Command {_last.Sequence} was {_last.RequestId} of epoch {_last.Epoch}, and is now {there.RequestId} of epoch "
                    + $"{there.Epoch}."
            );
        return there == _last;
    }

    private bool Replay(in StoredCommand stored, Dictionary<long, string> hashes)
    {
        var at = stored.Position;
        foreach (var sentence in CommandRules.Check(_last, stored))
            violations.Add(sentence);
        if (at.Sequence != Sequence + 1)
            return false;
        _last = at;
        try
        {
            var command = CommandCodec.Decode(stored.Payload);
            foreach (var sentence in CommandRules.CheckPayload(stored, command))
                violations.Add(sentence);
            var listener = new ReplayedRows.Listener(_replayed);
            _replayed.StartCommand(command, at.Epoch);
            _engine.Apply(command, ref listener);
            _replayed.FinishCommand();
            if (stored.KillsOrder)
                _replayed.AddKilledOrder(_engine.OrderIdOf(at.Sequence));
            _replayed.AddTombstone(stored.Answer);
        }
        catch (Exception error) when (error is FormatException or InvariantException or InvalidOperationException or OverflowException)
        {
            violations.Add($"Command {at.Sequence} cannot be replayed: {error.Message}.");
            return false;
        }

        violations.Require(
            _replayed.Refused == (stored.Answer == ResultStatus.Rejected) || _replayed.IsRememberedCancel(stored.Answer),
            $"Command {at.Sequence} was answered {stored.Answer}, and its replay is {(_replayed.Refused ? "refused" : "accepted")}."
        );
        if (hashes.TryGetValue(at.Sequence, out var hash) && hash != StateHash)
            violations.Add(
                $"The snapshot at {at.Sequence} was stored with the state hash {hash}; replaying the journal gives {StateHash}."
            );
        return true;
    }

    private async Task CompareAsync(StoredRows stored, long from, CancellationToken cancellationToken)
    {
        if (Sequence > from)
        {
            var orders = await stored.OrdersAsync([.. _replayed.Orders.Keys], First + from + 1, First + Sequence, cancellationToken);
            foreach (var (id, row) in orders)
                // The table holds only a row's last state, so rows changed by a later page are compared with that page.
                if (row.Changed > Sequence && _replayed.Orders.TryGetValue(id, out var then))
                    orders[id] = row with
                    {
                        PriceTicks = then.PriceTicks,
                        FilledLots = then.FilledLots,
                        ReducedLots = then.ReducedLots,
                        Status = then.Status,
                        Changed = then.Changed,
                    };
            violations.Compare(id => $"Order {id}", _replayed.Orders, orders);
        }

        if (_replayed.Trades.Count > 0)
        {
            var (least, most) = (_replayed.Trades.Keys.Min(), _replayed.Trades.Keys.Max());
            violations.Compare(id => $"Trade {id}", _replayed.Trades, await stored.TradesAsync(least, most, cancellationToken));
            violations.Compare(
                key => $"Leg {key.Leg} of trade {key.Trade}",
                _replayed.Fills,
                await stored.FillsAsync(least, most, cancellationToken)
            );
        }

        if (_replayed.ClosedTrades.Count > 0)
            foreach (var trade in await stored.StillOpenAsync([.. _replayed.ClosedTrades], cancellationToken))
                violations.Add($"Trade {trade} is open in its table, and a command has closed it.");
        if (_replayed.Tombstones.Count > 0)
        {
            var rows = await stored.TombstonesAsync(_replayed.Tombstones.Keys.Min(), _replayed.Tombstones.Keys.Max(), cancellationToken);
            var since = await stored.TombstonesKeptSinceAsync(cancellationToken);
            foreach (var ended in _replayed.Tombstones.Where(one => one.Value.CountsUntilSeconds <= since).ToList())
                if (!rows.ContainsKey(ended.Key))
                    _replayed.Tombstones.Remove(ended.Key);
            violations.Compare(sequence => $"The tombstone of command {sequence}", _replayed.Tombstones, rows);
        }

        await CompareBalancesAsync(stored, cancellationToken);
    }

    private async Task CompareBalancesAsync(StoredRows stored, CancellationToken cancellationToken)
    {
        _postponed.UnionWith(_replayed.Balances);
        if (_postponed.Count == 0)
            return;
        var rows = await stored.BalancesAsync(_postponed, cancellationToken);
        foreach (var key in _postponed.ToList())
        {
            var row = rows.GetValueOrDefault(key);
            if (row.Changed > Sequence)
                continue;
            _postponed.Remove(key);
            var holding = _engine.Balance(new(key.Account), new(key.Market), key.Outcome, key.Purse);
            violations.Require(
                row.Holding == holding,
                $"{key} is in its table as {row.Holding.Owned} owned, {row.Holding.OrderHold} held by orders, "
                    + $"{row.Holding.TradeHold} held by trades, and the "
                    + $"journal's commands make it {holding.Owned}, {holding.OrderHold}, {holding.TradeHold}."
            );
        }
    }

    private async Task CompareTotalsAsync(StoredRows stored, CancellationToken cancellationToken)
    {
        var totals = await stored.TotalsAsync(First, First + (1L << ShardBits) - 1, cancellationToken);
        violations.Require(
            totals.OpenOrders == _engine.OpenOrders,
            $"{totals.OpenOrders} orders are open in their table, and {_engine.OpenOrders} by the journal's commands."
        );
        violations.Require(
            totals.OpenTrades == _engine.UnsettledTrades,
            $"{totals.OpenTrades} trades are open in their table, and {_engine.UnsettledTrades} by the journal's commands."
        );
        violations.Require(
            totals.LastOrder <= First + Sequence,
            $"Order {totals.LastOrder} is in its table, and the journal of shard {shard} ends at {Sequence}."
        );
        violations.Require(
            totals.LastTrade <= _replayed.LastTrade,
            $"Trade {totals.LastTrade} is in its table, and the last one that a command made is {_replayed.LastTrade}."
        );
    }
}
