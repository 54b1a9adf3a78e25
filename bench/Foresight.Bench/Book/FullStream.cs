using Foresight.Exchange;

namespace Foresight.Bench.Book;

/// <summary>
/// The workload as commands of the exchange. Every book is a binary market. Half of the orders (by a bit of their id) are given in the
/// other outcome's terms, which is the same place in the same book: buying YES at p or selling NO at 1 - p. So trades are direct, minted
/// and merged alike. Accounts on the two sides of a book are distinct, so that self-trade prevention, which is on, never finds anything;
/// each owns plenty.
/// </summary>
public sealed class FullStream
{
    private const long Plenty = 50_000_000_000_000_000;
    private const long StartMicros = 1_700_000_000_000_000;

    private readonly Operation[] _operations;
    private readonly int _accountsPerSide;

    private FullStream(Command[] setUp, Operation[] operations, int accountsPerSide)
    {
        SetUp = setUp;
        _operations = operations;
        _accountsPerSide = accountsPerSide;
    }

    /// <summary>Lists the markets and funds the accounts.</summary>
    public Command[] SetUp { get; }

    /// <summary>Operations of the workload; each becomes one command after the set-up.</summary>
    public int Count => _operations.Length;

    /// <summary>The commands of the operations from a place on.</summary>
    public void Fill(int from, Span<Command> into)
    {
        for (var i = 0; i < into.Length; i++)
            into[i] = CommandOf(from + i);
    }

    /// <param name="accountsPerSide">Accounts that trade on one side of the books; enough that none reaches its limit of open
    /// orders.</param>
    public static FullStream From(Operation[] operations, int books, int accountsPerSide = 32)
    {
        List<Command> setUp = [];
        for (var market = 1; market <= books; market++)
            setUp.Add(new Command { Kind = CommandKind.ListMarket, Market = new MarketId(market), Outcomes = 2, TickSize = 1 });
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

        return new FullStream([.. setUp], operations, accountsPerSide);
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
        return command with
        {
            Kind = CommandKind.PlaceOrder,
            Account = AccountOf(operation),
            Outcome = isMirrored ? (byte)1 : (byte)0,
            Side = (Side)(isMirrored ? operation.Side ^ 1 : operation.Side),
            Price = new Price(isMirrored ? Price.TicksPerUnit - operation.Price : operation.Price),
            Quantity = new Quantity(operation.Quantity),
            TimeInForce = operation.Kind == OperationKind.Limit ? TimeInForce.GoodTilCancelled : TimeInForce.ImmediateOrCancel,
            SaltTag = operation.Id,
        };
    }

    private AccountId AccountOf(in Operation operation)
        => new(1 + (int)((operation.Id * 2_654_435_761 >> 16) % _accountsPerSide) + operation.Side * _accountsPerSide);

    private static Command Observe(int account, int market, byte outcome) => new()
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
