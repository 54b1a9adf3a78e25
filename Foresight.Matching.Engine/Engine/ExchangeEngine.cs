using System.Runtime.CompilerServices;
using Foresight.Matching.Engine.Books;
using Foresight.Matching.Engine.Holdings;
using Foresight.Matching.Engine.Markets;
using Foresight.Matching.Engine.Orders;
using Foresight.Matching.Engine.Trades;

namespace Foresight.Matching.Engine;

/// <summary>
/// <see cref="Apply{TEvents}"/> is a pure function of state and command: the same commands give the same events and the same
/// <see cref="StateHash"/> on any machine, which makes a replay exact. Not thread-safe; one thread owns it.
/// </summary>
public sealed partial class ExchangeEngine
{
    internal const int NumberBits = 48;

    private readonly OrderBooks _books;
    private readonly OrderTable _orders;
    private readonly ExpiryQueue _expiry;
    private readonly HoldingTable _holdings;
    private readonly TradeTable _trades;
    private readonly MarketTable _markets = new();
    private readonly long _shardBits;
    private readonly ExchangeBounds _bounds;

    private long _clockMicros;
    private long _lastTrade;

    /// <param name="shard">0..65535, because it becomes the upper 16 bits of order and trade ids.</param>
    public ExchangeEngine(int shard = 0)
        : this(shard, new ExchangeCapacity()) { }

    /// <param name="shard">0..65535, because it becomes the upper 16 bits of order and trade ids.</param>
    public ExchangeEngine(int shard, ExchangeCapacity capacity)
        : this(shard, capacity, new ExchangeBounds()) { }

    internal ExchangeEngine(int shard, ExchangeCapacity capacity, ExchangeBounds bounds)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(shard);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(shard, ushort.MaxValue);
        Shard = shard;
        _bounds = bounds;
        _shardBits = unchecked((long)((ulong)shard << NumberBits));
        _books = new OrderBooks(capacity.Orders, capacity.Pages);
        _orders = new OrderTable(_books.OrderCapacity, capacity.Accounts);
        _expiry = new ExpiryQueue(_orders);
        _holdings = new HoldingTable(capacity.Holdings);
        _trades = new TradeTable(capacity.Trades);
    }

    /// <summary>For tests, which check the consistency of the books' links.</summary>
    internal OrderBooks Books => _books;

    public int Shard { get; }

    public long Sequence { get; private set; }

    public int OpenOrders => _orders.Count;

    public int UnsettledTrades => _trades.Count;

    public long Bytes => _books.Bytes + _orders.Bytes + _expiry.Bytes + _holdings.Bytes + _trades.Bytes + _markets.Bytes;

    /// <summary>
    /// The sequence must be <see cref="Sequence"/> + 1, else <see cref="InvalidOperationException"/>. Business refusals are
    /// <see cref="IExchangeEvents.OnRejected"/>, never exceptions. After an exception the state cannot be trusted: drop the
    /// engine and replay.
    /// </summary>
    public void Apply<TEvents>(in Command command, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var sequence = command.Sequence;
        if (sequence != unchecked(Sequence + 1))
            ThrowGap(sequence);
        Sequence = sequence;

        // An expiry must not be undone, so the engine's clock never runs backwards, whatever the leaders' clocks do (docs/decisions/0102).
        var now = _clockMicros;
        if (command.AcceptedAtMicros > now)
            _clockMicros = now = command.AcceptedAtMicros;

        // Expiries run before anything else, so that no command trades with an order that has expired.
        if (now > _expiry.NextMicros)
            ExpireDue(ref events);

        // The two most frequent kinds are tested first, and the others kept out of this stack frame, so that they cost those nothing.
        var reason = command.Kind switch
        {
            CommandKind.PlaceOrder => Place(command, ref events),
            CommandKind.CancelOrder => CancelOne(command, ref events),
            _ => ApplyOther(command, ref events),
        };

        if (reason != RejectReason.None)
            events.OnRejected(new CommandRejected(command.Sequence, command.Kind, reason));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private RejectReason ApplyOther<TEvents>(in Command command, ref TEvents events)
        where TEvents : struct, IExchangeEvents =>
        command.Kind switch
        {
            CommandKind.CancelBySalt => CancelBySalt(command, ref events),
            CommandKind.CancelAllOfAccount => CancelAllOfAccount(command, ref events),
            CommandKind.CancelAllOfMarket => CancelAllOfMarket(command, ref events),
            CommandKind.ReplaceOrder => Replace(command, ref events),
            CommandKind.ObserveBalance => ObserveBalance(command, ref events),
            CommandKind.SettleTrade => SettleTrade(command, ref events),
            CommandKind.BustTrade => BustTrade(command, ref events),
            CommandKind.ExpireOrders => RejectReason.None,
            CommandKind.ReduceOrder => Reduce(command, ref events),
            CommandKind.ListMarket => ListMarket(command, ref events),
            CommandKind.SetMarketState => SetMarketState(command, ref events),
            CommandKind.SetFirmTerms => SetFirmTerms(command),
            CommandKind.GrantWithdrawal => GrantWithdrawal(command, ref events),
            CommandKind.PayWithdrawal => PayWithdrawal(command, ref events),
            CommandKind.LapseWithdrawal => LapseWithdrawal(command, ref events),
            _ => throw new InvalidOperationException($"command {command.Sequence} has no known kind"),
        };

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ExpireDue<TEvents>(ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        while (_clockMicros > _expiry.NextMicros)
            Cancel(_expiry.NextSlot, CancelReason.Expired, ref events);
    }

    private void ThrowGap(long sequence) => throw new InvalidOperationException($"command {sequence} cannot follow {Sequence}");

    public Holding Balance(AccountId account, MarketId market, byte outcome, Purse purse = Purse.Wallet)
    {
        var isCollateral = outcome == Command.CollateralOutcome;
        if (!isCollateral && !_markets.Has(market.Value))
            return default;
        ref readonly var holding = ref _holdings.At(
            _holdings.Find(HoldingRow.KeyOf(account.Value, isCollateral ? 0 : market.Value, outcome, purse))
        );
        return new Holding(holding.Owned, holding.OrderHold, holding.TradeHold);
    }

    public bool HasMarket(MarketId market) => _markets.Has(market.Value);

    public bool TryGetOpenOrder(OrderId order, out Quantity remaining)
    {
        var slot = FindOrder(order);
        remaining = slot == 0 ? default : new Quantity(_books.NodeAt(slot).Quantity);
        return slot != 0;
    }

    /// <summary>
    /// In the outcome's own terms, because a binary market has one book, in which outcome 1 is the mirror of outcome 0: a bid for NO at q
    /// is an ask of YES at 1 - q.
    /// </summary>
    public Quantity LevelQuantity(MarketId market, byte outcome, Side side, Price price)
    {
        ref readonly var row = ref _markets.At(market.Value);
        if (outcome >= row.Outcomes || price.Ticks is < Price.MinTicks or > Price.MaxTicks)
            return default;
        var level = _books.LevelOf(row.LadderOf(outcome, side), OwnKey(side, price.Ticks));
        return level == 0 ? default : new Quantity(_books.NodeAt(level).Quantity);
    }

    public int Depth(MarketId market, byte outcome, Side side, Span<DepthLevel> into)
    {
        ref readonly var row = ref _markets.At(market.Value);
        if (outcome >= row.Outcomes)
            return 0;
        var ladder = row.LadderOf(outcome, side);
        var count = 0;
        for (var level = _books.LadderAt(ladder).BestLevel; level != 0 && count < into.Length; count++)
        {
            ref readonly var node = ref _books.NodeAt(level);
            into[count] = new DepthLevel(new Price(PriceOf(side, node.Tag)), new Quantity(node.Quantity));
            level = _books.LevelAfter(ladder, node.Tag);
        }

        return count;
    }

    /// <summary>
    /// The key mirrors the price for bids and equals it for asks (see <see cref="Ladder"/>): the same function as <see cref="PriceOf"/>,
    /// which is its own inverse.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int OwnKey(Side side, int ticks) => PriceOf(side, ticks);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int PriceOf(Side side, int key)
    {
        // Sides alternate at random, so a branch would be mispredicted half of the time. The mask is all ones for a buy, which mirrors the
        // key, and zero for a sell.
        var isBuy = unchecked((int)side - 1);
        return unchecked((key ^ isBuy) + ((Price.TicksPerUnit + 1) & isBuy));
    }

    /// <summary>
    /// A fill never costs its owner more, so an order reserves this for each lot: the price in collateral for a buy, one share for a sell.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long HoldPerLot(Side side, int ticks)
    {
        var isBuy = unchecked((int)side - 1);
        return unchecked(1 + ((ticks - 1) & isBuy));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong HoldingKey(int account, int market, int outcome, Side side, Purse purse)
    {
        var isBuy = unchecked((int)side - 1);
        return HoldingRow.KeyOf(account, market & ~isBuy, outcome | (isBuy & Command.CollateralOutcome), purse);
    }

    /// <summary>Also of an order that the engine refused: its row, which keeps the order's hash dead for ever, has this id.</summary>
    public OrderId OrderIdOf(long sequence) => new(_shardBits | sequence);

    private TradeId TradeIdOf(long number) => new(_shardBits | number);

    /// <summary>An id of another shard becomes a number with upper bits set, which no order has, so look-ups need no test for it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long NumberOf(long id) => id ^ _shardBits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int FindOrder(OrderId order) => _orders.Find(NumberOf(order.Value));
}
