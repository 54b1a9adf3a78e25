using Foresight.Matching.Engine;

namespace Foresight.Bench.Book;

/// <summary>
/// Half of the orders (by a bit of their id) are given in the other outcome's terms, which is the same place in the same book, so that
/// trades are direct, minted and merged alike. The two sides of a book have distinct accounts, so that self-trade prevention, which is on,
/// never finds anything; each account owns plenty.
/// </summary>
public sealed class FullStream
{
    private const long Plenty = 50_000_000_000_000_000;
    private const long StartMicros = 1_700_000_000_000_000;
    private const int LeastAccountsPerSide = 32;

    /// <summary>All orders may rest on one side; this is far enough below the limit that chance cannot reach it.</summary>
    private const int OrdersToAnAccount = ExchangeLimits.OpenOrdersPerAccount * 4 / 5;

    private readonly Operation[] _operations;
    private readonly int _books;
    private readonly int _accountsPerSide;

    private readonly int _expiringPercent;

    private FullStream(Command[] setUp, Operation[] operations, int books, int accountsPerSide, int expiringPercent)
    {
        _expiringPercent = expiringPercent;
        _books = books;
        SetUp = setUp;
        _operations = operations;
        _accountsPerSide = accountsPerSide;
    }

    public Command[] SetUp { get; }

    public int Count => _operations.Length;

    public void Fill(int from, Span<Command> into)
    {
        for (var i = 0; i < into.Length; i++)
            into[i] = CommandOf(from + i);
    }

    public static Func<IEngineRun> Of(BookStream stream)
    {
        var full = From(stream.Operations, stream.Books, stream.MostLive);
        return () => new FullRun(full, full.Capacity(stream.MostLive, stream.Totals.Trades));
    }

    /// <param name="mostLive">
    /// Largest number of orders at rest; it sets the number of accounts, so that none reaches its limit of open orders.
    /// </param>
    public static FullStream From(Operation[] operations, int books, int mostLive, int expiringPercent = 0)
    {
        if (mostLive > ExchangeLimits.OpenOrdersPerMarket * (long)books)
            throw new OptionException(
                $"{mostLive} orders rest at once: the exchange takes {ExchangeLimits.OpenOrdersPerMarket} in a market"
            );
        var accountsPerSide = Math.Max(LeastAccountsPerSide, (mostLive + OrdersToAnAccount - 1) / OrdersToAnAccount);
        List<Command> setUp = [];
        for (var market = 1; market <= books; market++)
            setUp.Add(
                new Command
                {
                    Kind = CommandKind.ListMarket,
                    Market = new MarketId(market),
                    Outcomes = 2,
                    TickSize = 1,
                }
            );
        for (var account = 1; account <= accountsPerSide * 2; account++)
        {
            setUp.Add(Observe(account, 0, Command.CollateralOutcome));
            for (var market = 1; market <= books; market++)
            {
                for (byte outcome = 0; outcome < 2; outcome++)
                    setUp.Add(Observe(account, market, outcome));
            }
        }

        for (var i = 0; i < setUp.Count; i++)
            setUp[i] = setUp[i] with { Sequence = i + 1, AcceptedAtMicros = StartMicros };

        return new FullStream([.. setUp], operations, books, accountsPerSide, expiringPercent);
    }

    public ExchangeCapacity Capacity(int mostLive, long trades)
    {
        var accounts = _accountsPerSide * 2;
        return new ExchangeCapacity(
            mostLive + 1,
            (int)trades + 1,
            accounts,
            accounts * (1 + 2 * _books),
            BookStream.PagesOf(_operations, _books)
        );
    }

    private Command CommandOf(int index)
    {
        ref readonly var operation = ref _operations[index];
        var offset = SetUp.Length;
        var command = new Command
        {
            Sequence = offset + index + 1,
            AcceptedAtMicros = StartMicros + index,
            Market = new MarketId(operation.Book + 1),
        };

        if (operation.Kind == OperationKind.Cancel)
        {
            var target = _operations[operation.Id - 1];
            return command with { Kind = CommandKind.CancelOrder, Order = new OrderId(offset + operation.Id), Account = AccountOf(target) };
        }

        var isMirrored = (operation.Id & 4) != 0;
        var rests = operation.Kind == OperationKind.Limit;
        var expires = rests && operation.Id % 100 < _expiringPercent;
        return command with
        {
            Kind = CommandKind.PlaceOrder,
            Account = AccountOf(operation),
            Outcome = isMirrored ? (byte)1 : (byte)0,
            Side = (Side)(isMirrored ? operation.Side ^ 1 : operation.Side),
            Price = new Price(isMirrored ? Price.TicksPerUnit - operation.Price : operation.Price),
            Quantity = new Quantity(operation.Quantity),
            TimeInForce =
                !rests ? TimeInForce.ImmediateOrCancel
                : expires ? TimeInForce.GoodTilDate
                : TimeInForce.GoodTilCancelled,
            ExpiresAtSeconds = expires ? ExpiryOf(operation.Id) : 0,
            SaltTag = operation.Id,
        };
    }

    private AccountId AccountOf(in Operation operation) =>
        new(1 + (int)((operation.Id * 2_654_435_761 >> 16) % _accountsPerSide) + operation.Side * _accountsPerSide);

    /// <summary>One to twelve days after the start, in no order, so that the expiry queue has to sort them.</summary>
    private static long ExpiryOf(uint id) => StartMicros / 1_000_000 + 86_400 + unchecked(id * 2_654_435_761) % 1_000_000;

    private static Command Observe(int account, int market, byte outcome) =>
        new()
        {
            Kind = CommandKind.ObserveBalance,
            Account = new AccountId(account),
            Market = new MarketId(market),
            Outcome = outcome,
            Amount = new Amount(market == 0 ? Plenty : 0),
            Quantity = new Quantity(market == 0 ? 0 : Plenty),
            Block = 1,
        };
}
