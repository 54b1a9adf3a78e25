using System.Buffers;

namespace Foresight.Exchange;

/// <summary>
/// The exchange: books, matching and holds of one shard. <see cref="Apply{TEvents}"/> is a pure function of the state and the
/// command: same commands, same events, same <see cref="StateHash"/>, on any machine. Not thread-safe; one thread owns it.
/// </summary>
public sealed class ExchangeEngine
{
    /// <param name="shard">0..65535; goes into the upper 16 bits of order and trade ids.</param>
    public ExchangeEngine(int shard = 0) => Shard = shard;

    public int Shard { get; }

    /// <summary>Sequence of the last command applied; 0 when new.</summary>
    public long Sequence { get; private set; }

    /// <summary>
    /// Applies the next command. Its sequence must be <see cref="Sequence"/> + 1, else <see cref="InvalidOperationException"/>.
    /// Business refusals are <see cref="IExchangeEvents.OnRejected"/>, never exceptions.
    /// </summary>
    public void Apply<TEvents>(in Command command, ref TEvents events) where TEvents : struct, IExchangeEvents, allows ref struct
        => throw new NotImplementedException();

    /// <summary>Hash over everything that the outcome of a later command may depend on, in canonical order.</summary>
    public ulong StateHash() => throw new NotImplementedException();

    public Holding Balance(AccountId account, MarketId market, byte outcome) => throw new NotImplementedException();

    public bool HasMarket(MarketId market) => throw new NotImplementedException();

    /// <summary>
    /// Quantity at one price as traders see it in the outcome's own terms: of a binary market's one book, outcome 1 is the mirror of
    /// outcome 0 (a bid for NO at q is an ask of YES at 1 - q).
    /// </summary>
    public Quantity LevelQuantity(MarketId market, byte outcome, Side side, Price price) => throw new NotImplementedException();

    /// <summary>The best levels of one outcome and side, best first. Returns how many were written.</summary>
    public int Depth(MarketId market, byte outcome, Side side, Span<DepthLevel> into) => throw new NotImplementedException();

    /// <summary>The engine's whole state, in a versioned format that <see cref="Restore"/> reads back to the same hash.</summary>
    public void WriteSnapshot(IBufferWriter<byte> into) => throw new NotImplementedException();

    public static ExchangeEngine Restore(ReadOnlySpan<byte> from) => throw new NotImplementedException();
}
