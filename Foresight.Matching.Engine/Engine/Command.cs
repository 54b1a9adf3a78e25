using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Foresight.Matching.Engine;

public enum CommandKind : byte
{
    None = 0,
    ListMarket = 1,
    SetMarketState = 2,
    PlaceOrder = 3,
    CancelOrder = 4,
    CancelBySalt = 5,
    CancelAllOfAccount = 6,
    CancelAllOfMarket = 7,
    ReplaceOrder = 8,
    ObserveBalance = 9,
    SettleTrade = 10,
    BustTrade = 11,
    ExpireOrders = 12,
    ReduceOrder = 13,
    SetFirmTerms = 14,
    GrantWithdrawal = 15,
    PayWithdrawal = 16,
    LapseWithdrawal = 17,
}

public enum Side : byte
{
    Buy = 0,
    Sell = 1,
}

public enum TimeInForce : byte
{
    GoodTilCancelled = 0,
    GoodTilDate = 1,
    ImmediateOrCancel = 2,
    FillOrKill = 3,
}

public enum SelfTradePrevention : byte
{
    CancelNewest = 0,
    CancelOldest = 1,
    CancelBoth = 2,
}

/// <summary>Where money is: in the account's own wallet, or in its purse of the vault, which makes it firm (docs/firm-money.md).</summary>
public enum Purse : byte
{
    Wallet = 0,
    Vault = 1,
}

public enum PurseChoice : byte
{
    /// <summary>The vault if its free part covers all of the order and firm orders are taken now, else the wallet.</summary>
    Either = 0,
    Wallet = 1,
    Vault = 2,
}

public enum MarketState : byte
{
    Open = 0,
    Paused = 1,
    Closed = 2,
    Resolved = 3,
}

/// <summary>
/// One input of the engine. It contains everything on which the result depends, including time and identity. Fields that a kind does not
/// use are zero, so that equal commands have equal encodings.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Command
{
    /// <summary>
    /// Means collateral (USDC) in <see cref="CommandKind.ObserveBalance"/>. Above every outcome of a market, so that one field names either
    /// asset.
    /// </summary>
    public const byte CollateralOutcome = byte.MaxValue;

    public CommandKind Kind { get; init; }

    /// <summary>Number in the shard's journal, from 1 without gaps: the engine accepts no other than the next.</summary>
    public long Sequence { get; init; }

    /// <summary>
    /// Microseconds since the Unix epoch by the database's clock, because nodes' clocks may be wrong (docs/decisions/0401).
    /// Never decreases.
    /// </summary>
    public long AcceptedAtMicros { get; init; }

    /// <summary>In <see cref="CommandKind.CancelBySalt"/> and <see cref="CommandKind.CancelAllOfAccount"/>, 0 means every market.</summary>
    public MarketId Market { get; init; }

    /// <summary>In <see cref="CommandKind.CancelOrder"/>, 0 means the operator, who may cancel any account's order.</summary>
    public AccountId Account { get; init; }

    /// <summary>
    /// Zero in a placement: the id of a new order, also of one that replaces another, is derived from <see cref="Sequence"/>, so that a
    /// replay gives the same one.
    /// </summary>
    public OrderId Order { get; init; }

    public TradeId Trade { get; init; }

    /// <summary>Outcome of the market, from 0; <see cref="CollateralOutcome"/> for USDC; the winner in a resolution.</summary>
    public byte Outcome { get; init; }

    public Side Side { get; init; }

    public Price Price { get; init; }

    /// <summary>
    /// Place: the size. Replace: the new open quantity. Reduce: the most that may stay open. ObserveBalance of shares: the account's
    /// holding. GrantWithdrawal of shares: what leaves. SetFirmTerms: how many firm trades may be unsettled.
    /// </summary>
    public Quantity Quantity { get; init; }

    /// <summary>
    /// Place: the most to spend (0: no limit), only for buys that are <see cref="TimeInForce.ImmediateOrCancel"/> or
    /// <see cref="TimeInForce.FillOrKill"/>, since an order that rests is limited by its quantity. ObserveBalance of collateral: the
    /// account's holding. GrantWithdrawal of collateral: what leaves.
    /// </summary>
    public Amount Amount { get; init; }

    public TimeInForce TimeInForce { get; init; }
    public bool PostOnly { get; init; }
    public SelfTradePrevention SelfTradePrevention { get; init; }

    /// <summary>
    /// Unix seconds after which the order may not trade; 0 means never, and so does any time after 2106, because the expiry queue has 32
    /// bits for it. CancelBySalt: until when one without an order counts towards its account's bound; the engine does not use it, but
    /// <c>check</c> holds the tombstones against it (docs/decisions/0416). SetFirmTerms: until when firm orders are taken.
    /// GrantWithdrawal: until when the co-signature is valid.
    /// </summary>
    public long ExpiresAtSeconds { get; init; }

    /// <summary>
    /// First 8 bytes of keccak256(salt), by which an account's orders with that salt are cancelled: all 32 bytes would double
    /// the order's record. Of a withdrawal its nonce, which an account uses once.
    /// </summary>
    public ulong SaltTag { get; init; }

    public byte Outcomes { get; init; }

    /// <summary>
    /// ListMarket: price increment, 1, 10 or 100 ticks. Each divides 10000, so the complement of a valid price is valid too.
    /// </summary>
    public int TickSize { get; init; }

    public MarketState State { get; init; }

    /// <summary>Place: which purse pays. ObserveBalance: which one was read, where Either is the wallet, as in earlier journals.</summary>
    public PurseChoice Purse { get; init; }

    /// <summary>
    /// Place: trades with firm offers alone, and passes over the others, which keep their place. Only for orders that are
    /// <see cref="TimeInForce.ImmediateOrCancel"/> or <see cref="TimeInForce.FillOrKill"/>: at rest it would cross what it passed over.
    /// ListMarket: the market takes firm orders alone.
    /// </summary>
    public bool FirmOnly { get; init; }

    /// <summary>
    /// SettleTrade: purses of the vault pay, and what they receive is not theirs yet. A reorganisation can undo a trade with a wallet for
    /// good, so the follower observes its proceeds when no reorganisation can (docs/decisions/0667).
    /// </summary>
    public bool ProceedsWait { get; init; }

    /// <summary>Of a command about a holding: collateral, which belongs to no market, or shares of its outcome.</summary>
    public bool IsOfCollateral => Outcome == CollateralOutcome;

    /// <summary>Of a command about a holding, in micro-USDC or lots.</summary>
    public long Units => IsOfCollateral ? Amount.Micros : Quantity.Lots;

    /// <summary>
    /// Block at which a balance was read or a trade was settled. A holding observed at or after a trade's block already includes the trade,
    /// so settling it must not move the holding again (docs/decisions/0103).
    /// </summary>
    public long Block { get; init; }
}

/// <summary>
/// The journal's encoding of a command: little-endian, fixed size, version in the first byte. Fixed, because a replay reads commands of all
/// earlier versions.
/// </summary>
public static class CommandCodec
{
    public const int Size = 128;

    private const byte Version = 1;

    // Bytes 0..15 are small fields (12..15 unused), 16..87 nine 64-bit words, 88..103 four 32-bit words. The rest is zero, for new fields;
    // decoding refuses anything else there, so that a node never ignores a field it does not know.
    private const int Words = 16;
    private const int HalfWords = 88;
    private const int Used = 104;

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
        into[9] = (byte)command.Purse;
        into[10] = command.FirmOnly ? (byte)1 : (byte)0;
        into[11] = command.ProceedsWait ? (byte)1 : (byte)0;
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

    /// <exception cref="FormatException">
    /// Wrong size, unknown version or kind, or a value outside its range: replaying a damaged command would change its meaning.
    /// </exception>
    public static Command Decode(ReadOnlySpan<byte> from)
    {
        if (from.Length != Size)
            throw new FormatException($"an encoded command has {Size} bytes, not {from.Length}");
        if (from[0] != Version)
            throw new FormatException($"unknown command version {from[0]}");
        if (from[1] is 0 or > (byte)CommandKind.LapseWithdrawal)
            throw new FormatException($"unknown command kind {from[1]}");
        if (
            from[3] > (byte)Side.Sell
            || from[4] > (byte)TimeInForce.FillOrKill
            || from[5] > 1
            || from[6] > (byte)SelfTradePrevention.CancelBoth
            || from[8] > (byte)MarketState.Resolved
            || from[9] > (byte)PurseChoice.Vault
            || from[10] > 1
            || from[11] > 1
            || from[12..Words].ContainsAnyExcept((byte)0)
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
            Purse = (PurseChoice)from[9],
            FirmOnly = from[10] == 1,
            ProceedsWait = from[11] == 1,
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
