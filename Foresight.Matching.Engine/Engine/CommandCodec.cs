using System.Buffers.Binary;

namespace Foresight.Matching.Engine;

/// <summary>
/// The journal's encoding of a command: little-endian, fixed size, version in the first byte. Fixed, because a replay reads commands of all
/// earlier versions.
/// </summary>
public static class CommandCodec
{
    public const int Size = 128;

    private const byte Version = 1;

    // Bytes 0..15 are small fields, 16..87 nine 64-bit words, 88..103 four 32-bit words; the rest is zero, reserved for new fields.
    private const int Words = 16;
    private const int HalfWords = 88;
    private const int Used = 104;

    /// <exception cref="ArgumentException"><paramref name="into"/> is shorter than <see cref="Size"/>.</exception>
    public static void Encode(in Command command, Span<byte> into)
    {
        if (into.Length < Size)
            throw new ArgumentException($"a command needs {Size} bytes", nameof(into));
        into = into[..Size];
        into.Clear();
        into[0] = Version;
        into[1] = (byte)command.Kind;
        into[2] = command.Outcome;
        into[3] = (byte)command.Side;
        into[4] = (byte)command.TimeInForce;
        into[5] = command.PostOnly ? (byte)1 : (byte)0;
        into[6] = (byte)command.SelfTradePrevention;
        into[7] = command.Outcomes;
        into[8] = (byte)command.State;
        PutWord(into, 0, command.Sequence);
        PutWord(into, 1, command.AcceptedAtMicros);
        PutWord(into, 2, command.Order.Value);
        PutWord(into, 3, command.Trade.Value);
        PutWord(into, 4, command.Quantity.Lots);
        PutWord(into, 5, command.Amount.Micros);
        PutWord(into, 6, command.ExpiresAtSeconds);
        PutWord(into, 7, unchecked((long)command.SaltTag));
        PutWord(into, 8, command.Block);
        PutHalf(into, 0, command.Market.Value);
        PutHalf(into, 1, command.Account.Value);
        PutHalf(into, 2, command.Price.Ticks);
        PutHalf(into, 3, command.TickSize);
    }

    /// <exception cref="FormatException">Wrong size, unknown version or kind, or a value outside its range.</exception>
    public static Command Decode(ReadOnlySpan<byte> from)
    {
        if (from.Length != Size)
            throw new FormatException($"an encoded command has {Size} bytes, not {from.Length}");
        if (from[0] != Version)
            throw new FormatException($"unknown command version {from[0]}");
        if (from[1] is 0 or > (byte)CommandKind.ReduceOrder)
            throw new FormatException($"unknown command kind {from[1]}");
        if (
            from[3] > (byte)Side.Sell
            || from[4] > (byte)TimeInForce.FillOrKill
            || from[5] > 1
            || from[6] > (byte)SelfTradePrevention.CancelBoth
            || from[8] > (byte)MarketState.Resolved
            || from[9..Words].ContainsAnyExcept((byte)0)
            || from[Used..].ContainsAnyExcept((byte)0)
        )
            throw new FormatException("the command has a value that no command has");

        return new Command
        {
            Kind = (CommandKind)from[1],
            Outcome = from[2],
            Side = (Side)from[3],
            TimeInForce = (TimeInForce)from[4],
            PostOnly = from[5] == 1,
            SelfTradePrevention = (SelfTradePrevention)from[6],
            Outcomes = from[7],
            State = (MarketState)from[8],
            Sequence = Word(from, 0),
            AcceptedAtMicros = Word(from, 1),
            Order = new OrderId(Word(from, 2)),
            Trade = new TradeId(Word(from, 3)),
            Quantity = new Quantity(Word(from, 4)),
            Amount = new Amount(Word(from, 5)),
            ExpiresAtSeconds = Word(from, 6),
            SaltTag = unchecked((ulong)Word(from, 7)),
            Block = Word(from, 8),
            Market = new MarketId(Half(from, 0)),
            Account = new AccountId(Half(from, 1)),
            Price = new Price(Half(from, 2)),
            TickSize = Half(from, 3),
        };
    }

    private static void PutWord(Span<byte> into, int index, long value) =>
        BinaryPrimitives.WriteInt64LittleEndian(into[(Words + index * 8)..], value);

    private static void PutHalf(Span<byte> into, int index, int value) =>
        BinaryPrimitives.WriteInt32LittleEndian(into[(HalfWords + index * 4)..], value);

    private static long Word(ReadOnlySpan<byte> from, int index) => BinaryPrimitives.ReadInt64LittleEndian(from[(Words + index * 8)..]);

    private static int Half(ReadOnlySpan<byte> from, int index) => BinaryPrimitives.ReadInt32LittleEndian(from[(HalfWords + index * 4)..]);
}
