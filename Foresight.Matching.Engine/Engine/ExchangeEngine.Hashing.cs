namespace Foresight.Matching.Engine;

public sealed partial class ExchangeEngine
{
    /// <summary>
    /// Hash over everything on which the result of a later command can depend, in canonical order: queues in their order, holdings and
    /// trades (which have none) by the sum of their hashes. The layout of the tables does not affect it, so a restored engine has the same
    /// hash.
    /// </summary>
    public ulong StateHash()
    {
        var hash = Mixing.Then(0, Shard);
        hash = Mixing.Then(hash, Sequence);
        hash = Mixing.Then(hash, _clockMicros);
        hash = Mixing.Then(hash, _lastTrade);
        for (var market = 1; market < _markets.End; market++)
        {
            if (_markets.Has(market))
                hash = HashMarket(hash, market);
        }

        hash = Mixing.Then(hash, unchecked((long)HashHoldings()));
        hash = Mixing.Then(hash, unchecked((long)HashTrades()));
        // An exchange without a vault keeps the hash that it had before there were any: snapshots are stored beside theirs.
        return HasFirmState ? Mixing.Then(hash, unchecked((long)HashFirm())) : hash;
    }

    private ulong HashMarket(ulong hash, int market)
    {
        ref readonly var row = ref _markets.At(market);
        hash = Mixing.Then(hash, market);
        hash = Mixing.Then(hash, ((long)row.Outcomes << 32) | (uint)row.TickSize);
        hash = Mixing.Then(hash, ((row.FirmOnly ? 1L : 0L) << 16) | ((long)row.State << 8) | row.Winner);
        for (var ladder = row.FirstLadder; ladder < row.FirstLadder + row.Books * 2; ladder++)
        {
            var level = _books.LadderAt(ladder).BestLevel;
            while (level != 0)
            {
                var key = _books.NodeAt(level).Tag;
                hash = Mixing.Then(hash, ((long)ladder - row.FirstLadder << 32) | (uint)key);
                for (var slot = _books.NodeAt(level).Next; slot > 0; slot = _books.NodeAt(slot).Next)
                    hash = HashOrder(hash, slot);
                level = _books.LevelAfter(ladder, key);
            }
        }

        return hash;
    }

    private ulong HashOrder(ulong hash, int slot)
    {
        ref readonly var node = ref _books.NodeAt(slot);
        ref readonly var order = ref _orders.At(slot);
        hash = Mixing.Then(hash, order.Number);
        hash = Mixing.Then(hash, node.Quantity);
        var purse = (long)_holdings.At(order.HoldingRow).Purse;
        hash = Mixing.Then(hash, ((long)node.Tag << 16) | ((long)order.Outcome << 8) | (purse << 1) | (byte)order.Side);
        hash = Mixing.Then(hash, unchecked((long)order.SaltTag));
        return Mixing.Then(hash, _expiry.SecondOf(slot));
    }

    private ulong HashHoldings()
    {
        ulong sum = 0;
        for (var row = 1; row <= _holdings.Count; row++)
        {
            ref readonly var holding = ref _holdings.At(row);
            if (holding.IsBlank)
                continue;
            var hash = Mixing.Then(1, unchecked((long)holding.Key));
            hash = Mixing.Then(Mixing.Then(hash, holding.Owned), holding.OrderHold);
            sum = unchecked(sum + Mixing.Then(Mixing.Then(hash, holding.TradeHold), holding.Block));
        }

        return sum;
    }

    private ulong HashTrades()
    {
        ulong sum = 0;
        for (var slot = 1; slot < _trades.SlotEnd; slot++)
        {
            ref readonly var trade = ref _trades.At(slot);
            if (trade.Number == 0)
                continue;
            var hash = Mixing.Then(Mixing.Then(2, trade.Number), trade.Quantity);
            hash = Mixing.Then(hash, ((long)trade.Market << 16) | ((long)trade.Kind << 8) | trade.Legs);
            for (var leg = 0; leg < trade.Legs; leg++)
            {
                ref readonly var side = ref _trades.LegAt(slot, leg);
                hash = Mixing.Then(hash, side.Order);
                hash = Mixing.Then(
                    hash,
                    ((long)side.Account << 32) | ((long)side.PriceTicks << 16) | ((long)side.Outcome << 8) | side.Terms
                );
            }

            sum = unchecked(sum + hash);
        }

        return sum;
    }
}
