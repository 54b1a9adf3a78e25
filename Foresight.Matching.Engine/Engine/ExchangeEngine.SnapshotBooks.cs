using Foresight.Matching.Engine.Markets;
using Foresight.Matching.Engine.Orders;
using Foresight.Matching.Engine.Snapshots;
using Foresight.Matching.Engine.Trades;

namespace Foresight.Matching.Engine;

public sealed partial class ExchangeEngine
{
    private void WriteMarkets(ref SnapshotEncoder writer)
    {
        var listed = 0;
        for (var market = 1; market < _markets.End; market++)
            listed += _markets.Has(market) ? 1 : 0;
        writer.Half(listed);
        for (var market = 1; market < _markets.End; market++)
        {
            ref readonly var row = ref _markets.At(market);
            if (row.Outcomes == 0)
                continue;
            writer.Half(market);
            writer.Byte((byte)row.Outcomes);
            writer.Byte((byte)row.TickSize);
            writer.Byte((byte)row.State);
            writer.Byte(row.Winner);
            writer.Byte(row.FirmOnly ? (byte)1 : (byte)0);
            writer.Half(row.OpenOrders);
            for (var ladder = row.FirstLadder; ladder < row.FirstLadder + row.Books * 2; ladder++)
                WriteLadder(ref writer, ladder);
        }
    }

    private void WriteLadder(ref SnapshotEncoder writer, int ladder)
    {
        var level = _books.LadderAt(ladder).BestLevel;
        while (level != 0)
        {
            var key = _books.NodeAt(level).Tag;
            var slot = _books.NodeAt(level).Next;
            while (slot > 0)
            {
                ref readonly var node = ref _books.NodeAt(slot);
                ref readonly var order = ref _orders.At(slot);
                writer.Word(order.Number);
                writer.Word(node.Quantity);
                writer.Half(node.Tag);
                writer.Half(PriceOf(order.Side, key));
                writer.Byte(order.Outcome);
                writer.Byte(TradeLeg.TermsOf(order.Side, _holdings.At(order.HoldingRow).Purse));
                writer.Word(unchecked((long)order.SaltTag));
                writer.Word(_expiry.SecondOf(slot));
                slot = node.Next;
            }

            level = _books.LevelAfter(ladder, key);
        }
    }

    private void ReadMarkets(ref SnapshotDecoder reader, bool hasPurses)
    {
        for (var count = reader.Count(bytesEach: hasPurses ? 13 : 12); count > 0; count--)
        {
            var market = reader.Half();
            var outcomes = reader.Byte();
            var tickSize = reader.Byte();
            if (
                market is < 1 or > ExchangeLimits.Markets
                || _markets.Has(market)
                || outcomes is < ExchangeLimits.MinOutcomes or > ExchangeLimits.MaxOutcomes
                || tickSize is not (1 or 10 or 100)
                || !HasRoomFor(outcomes)
            )
                throw new FormatException($"the snapshot has a market {market} of {outcomes} outcomes and tick {tickSize}");
            ref var row = ref AddMarket(market, outcomes, tickSize);
            row.State = (MarketState)reader.Byte();
            row.Winner = reader.Byte();
            var firmOnly = hasPurses ? reader.Byte() : 0;
            row.FirmOnly = firmOnly == 1;
            if (
                row.State > MarketState.Resolved
                || row.Winner >= outcomes
                || row.Winner != 0 && row.State != MarketState.Resolved
                || firmOnly > 1
            )
                throw new FormatException($"the snapshot has a market {market} in state {row.State} won by {row.Winner}");
            ReadOrders(ref reader, market, ref row, hasPurses);
        }

        LinkOrders();
    }

    private void ReadOrders(ref SnapshotDecoder reader, int market, ref MarketRow row, bool hasPurses)
    {
        for (var count = reader.Count(bytesEach: 42); count > 0; count--)
        {
            var number = reader.Word();
            var quantity = reader.Word();
            var account = reader.Half();
            var ticks = reader.Half();
            var outcome = reader.Byte();
            var terms = reader.Byte();
            var (side, purse) = ((Side)(terms & 1), (Purse)(terms >> 1));
            var holding = _holdings.Find(HoldingKey(account, market, outcome, side, purse));
            if (
                number < 1
                || number > Sequence
                || _orders.Find(number) != 0
                || row.State >= MarketState.Closed
                || ticks % row.TickSize != 0
                || quantity is < Quantity.MinLots or > Quantity.MaxLots
                || ticks is < Price.MinTicks or > Price.MaxTicks
                || outcome >= row.Outcomes
                || purse > (hasPurses ? Purse.Vault : Purse.Wallet)
                || holding == 0
            )
                throw new FormatException($"the snapshot has an order {number} that no command places");
            var slot = _books.Rest(row.LadderOf(outcome, side), OwnKey(side, ticks), quantity, account);
            if (slot >= _orders.Capacity)
                _orders.Grow(_books.OrderCapacity);
            ref var record = ref _orders.Load(slot, number);
            record.SaltTag = unchecked((ulong)reader.Word());
            record.SetTerms(holding, outcome, side);
            if (purse == Purse.Vault)
                _books.Firm.Rest(row.LadderOf(outcome, side), OwnKey(side, ticks), slot, quantity);
            if (reader.Word() is var second && second is < 0 or > ExpiryQueue.LastSecond)
                throw new FormatException($"the snapshot has an order {number} that expires at {second}");
            _expiry.Add(slot, second);
            row.OpenOrders++;
        }
    }

    /// <summary>
    /// An account's orders are listed by id, whereas a snapshot has them by price and time, so they can be linked only when all are known.
    /// </summary>
    private void LinkOrders()
    {
        var numbers = new long[_orders.Count];
        var slots = new int[numbers.Length];
        // A restored table has had no removals, so its slots are contiguous from the first.
        for (var index = 0; index < slots.Length; index++)
        {
            slots[index] = index + 1;
            numbers[index] = _orders.At(index + 1).Number;
        }

        Array.Sort(numbers, slots);
        foreach (var slot in slots)
            _orders.Link(ref _orders.At(slot), slot, _books.NodeAt(slot).Tag);
    }
}
