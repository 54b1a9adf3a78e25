using System.Buffers;
using Foresight.Matching.Engine.Holdings;
using Foresight.Matching.Engine.Snapshots;
using Foresight.Matching.Engine.Trades;

namespace Foresight.Matching.Engine;

public sealed partial class ExchangeEngine
{
    // Appears as "FXSN" in a dump, because words are little-endian.
    private const int SnapshotMagic = 0x4E535846;
    private const int SnapshotVersion = 2;

    /// <summary>Without purses: it is read as one in which all money is in wallets.</summary>
    private const int OldestSnapshotVersion = 1;

    /// <summary>
    /// Canonical, like <see cref="StateHash"/>: equal states have equal bytes whatever the history of their tables, so that snapshots of
    /// two nodes can be compared (docs/decisions/0105).
    /// </summary>
    public void WriteSnapshot(IBufferWriter<byte> into)
    {
        var writer = new SnapshotEncoder(into);
        writer.Half(SnapshotMagic);
        writer.Half(SnapshotVersion);
        writer.Half(Shard);
        writer.Word(Sequence);
        writer.Word(_clockMicros);
        writer.Word(_lastTrade);
        WriteHoldings(ref writer);
        WriteMarkets(ref writer);
        WriteTrades(ref writer);
        WriteFirm(ref writer);
        writer.Finish();
    }

    /// <exception cref="FormatException">
    /// Not a snapshot, of an unknown version, truncated, or with a value that no engine has. Consistency between the values is not checked:
    /// store the <see cref="StateHash"/> beside a snapshot and compare.
    /// </exception>
    public static ExchangeEngine Restore(ReadOnlySpan<byte> from)
    {
        var reader = new SnapshotDecoder(from);
        if (reader.Half() != SnapshotMagic)
            throw new FormatException("not a snapshot of the exchange");
        var version = reader.Half();
        if (version is < OldestSnapshotVersion or > SnapshotVersion)
            throw new FormatException($"unknown snapshot version {version}");
        if (reader.Half() is var shard && shard is < 0 or > ushort.MaxValue)
            throw new FormatException($"the snapshot is of a shard {shard}");
        var engine = new ExchangeEngine(shard)
        {
            Sequence = reader.Word(),
            _clockMicros = reader.Word(),
            _lastTrade = reader.Word(),
        };

        if (engine.Sequence is < 0 or >= 1L << NumberBits || engine._clockMicros < 0 || engine._lastTrade is < 0 or >= 1L << NumberBits)
            throw new FormatException($"the snapshot is of sequence {engine.Sequence} with {engine._lastTrade} trades");
        var hasPurses = version > OldestSnapshotVersion;
        engine.ReadHoldings(ref reader, hasPurses);
        engine.ReadMarkets(ref reader, hasPurses);
        engine.ReadTrades(ref reader, hasPurses);
        if (hasPurses)
            engine.ReadFirm(ref reader);
        if (!reader.AtEnd)
            throw new FormatException("the snapshot goes on after its end");
        return engine;
    }

    private void WriteHoldings(ref SnapshotEncoder writer)
    {
        var rows = new int[_holdings.Count];
        var keys = new ulong[rows.Length];
        var count = 0;
        for (var row = 1; row <= _holdings.Count; row++)
        {
            if (_holdings.At(row).IsBlank)
                continue;
            keys[count] = _holdings.At(row).Key;
            rows[count++] = row;
        }

        Array.Sort(keys, rows, 0, count);
        writer.Half(count);
        foreach (var row in rows.AsSpan(0, count))
        {
            ref readonly var holding = ref _holdings.At(row);
            writer.Half(holding.Account);
            writer.Half(holding.Market);
            writer.Byte(holding.Outcome);
            writer.Byte((byte)holding.Purse);
            writer.Word(holding.Owned);
            writer.Word(holding.OrderHold);
            writer.Word(holding.TradeHold);
            writer.Word(holding.Block);
        }
    }

    private void ReadHoldings(ref SnapshotDecoder reader, bool hasPurses)
    {
        ulong last = 0;
        for (var count = reader.Count(bytesEach: hasPurses ? 42 : 41); count > 0; count--)
        {
            var account = reader.Half();
            var market = reader.Half();
            var outcome = reader.Byte();
            var purse = hasPurses ? (Purse)reader.Byte() : Purse.Wallet;
            var key = HoldingRow.KeyOf(account, market, outcome, purse);
            var isAsset = market == 0 ? outcome == Command.CollateralOutcome : outcome < ExchangeLimits.MaxOutcomes;
            if (
                account is < 1 or > ExchangeLimits.Accounts
                || market is < 0 or > ExchangeLimits.Markets
                || !isAsset
                || purse > Purse.Vault
                || key <= last
            )
                throw new FormatException($"the snapshot has a holding of account {account}, market {market} and outcome {outcome}");
            last = key;
            ref var holding = ref _holdings.At(AddHolding(account, market, outcome, purse));
            holding.Owned = reader.Word();
            holding.OrderHold = reader.Word();
            holding.TradeHold = reader.Word();
            holding.Block = reader.Word();
            if (holding.OrderHold < 0 || holding.TradeHold < 0)
                throw new FormatException($"the snapshot has less than nothing held by account {account}");
        }
    }

    private void WriteTrades(ref SnapshotEncoder writer)
    {
        var numbers = new long[_trades.Count];
        var slots = new int[_trades.Count];
        var count = 0;
        for (var slot = 1; slot < _trades.SlotEnd; slot++)
        {
            if (_trades.At(slot).Number == 0)
                continue;
            numbers[count] = _trades.At(slot).Number;
            slots[count++] = slot;
        }

        Array.Sort(numbers, slots);
        writer.Half(count);
        foreach (var slot in slots)
        {
            ref readonly var trade = ref _trades.At(slot);
            writer.Word(trade.Number);
            writer.Word(trade.Quantity);
            writer.Half(trade.Market);
            writer.Byte((byte)trade.Kind);
            writer.Byte(trade.Legs);
            for (var leg = 0; leg < trade.Legs; leg++)
            {
                ref readonly var side = ref _trades.LegAt(slot, leg);
                writer.Word(side.Order);
                writer.Half(side.Account);
                writer.Half(side.PriceTicks);
                writer.Byte(side.Outcome);
                writer.Byte(side.Terms);
            }
        }
    }

    private void ReadTrades(ref SnapshotDecoder reader, bool hasPurses)
    {
        long last = 0;
        for (var count = reader.Count(bytesEach: 58); count > 0; count--)
        {
            var number = reader.Word();
            var quantity = reader.Word();
            var market = reader.Half();
            var kind = (TradeKind)reader.Byte();
            var legs = reader.Byte();
            if (
                number <= last
                || number > _lastTrade
                || quantity is < Quantity.MinLots or > Quantity.MaxLots
                || !_markets.Has(market)
                || kind > TradeKind.Merge
                || legs != 2 && (kind == TradeKind.Direct || legs != _markets.At(market).Outcomes)
            )
                throw new FormatException($"the snapshot has a trade {number} of kind {kind} in market {market} with {legs} legs");
            last = number;
            _trades.Add(number, market, kind, quantity, legs, out var slot);
            _trades.Extend(slot);
            for (var leg = 0; leg < legs; leg++)
                _trades.LegAt(slot, leg) = ReadLeg(ref reader, number, market, hasPurses);
            _firmTrades += IsFirm(slot) ? 1 : 0;
        }
    }

    private TradeLeg ReadLeg(ref SnapshotDecoder reader, long trade, int market, bool hasPurses)
    {
        var order = reader.Word();
        var account = reader.Half();
        var ticks = reader.Half();
        var outcome = reader.Byte();
        var terms = reader.Byte();
        var leg = new TradeLeg
        {
            Order = order,
            Account = account,
            PriceTicks = unchecked((ushort)ticks),
            Outcome = outcome,
            Terms = terms,
        };
        // Busting the trade releases the hold in this holding. Without one it would change row 0, which all holdings that do
        // not exist share.
        if (
            order < 1
            || order > Sequence
            || ticks is < Price.MinTicks or > Price.MaxTicks
            || outcome >= _markets.At(market).Outcomes
            || terms > (hasPurses ? TradeLeg.TermsOf(Side.Sell, Purse.Vault) : (byte)Side.Sell)
            || _holdings.Find(HoldingKey(account, market, outcome, leg.Side, leg.Purse)) == 0
        )
            throw new FormatException($"the snapshot has a leg of trade {trade} that no order has");
        return leg;
    }
}
