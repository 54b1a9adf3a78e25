using Foresight.Matching.Engine.Tests.Support;

namespace Foresight.Matching.Engine.Tests.Engine;

internal sealed class Harness(int shard, ExchangeBounds bounds)
{
    private readonly RecordedEvents _events = new();

    public Harness(int shard = 0)
        : this(shard, new ExchangeBounds()) { }

    public ExchangeEngine Engine { get; } = new(shard, new ExchangeCapacity(), bounds);

    public long ClockMicros { get; set; } = 1_000_000;

    public IReadOnlyList<object> Apply(Command command)
    {
        _events.Clear();
        var events = _events;
        Engine.Apply(command with { Sequence = Engine.Sequence + 1, AcceptedAtMicros = ClockMicros }, ref events);
        return [.. _events.Events];
    }

    public RejectReason Reason(Command command) =>
        Apply(command).OfType<CommandRejected>().Select(rejected => rejected.Reason).SingleOrDefault();

    public Harness List(int market = 1, int outcomes = 2, int tick = 1)
    {
        Assert.Equal(
            RejectReason.None,
            Reason(
                new Command
                {
                    Kind = CommandKind.ListMarket,
                    Market = new MarketId(market),
                    Outcomes = (byte)outcomes,
                    TickSize = tick,
                }
            )
        );
        return this;
    }

    public Harness Fund(int account, long micros, long block = 0, PurseChoice purse = PurseChoice.Wallet)
    {
        Assert.Equal(
            RejectReason.None,
            Reason(
                new Command
                {
                    Kind = CommandKind.ObserveBalance,
                    Account = new AccountId(account),
                    Outcome = Command.CollateralOutcome,
                    Amount = new Amount(micros),
                    Block = block,
                    Purse = purse,
                }
            )
        );
        return this;
    }

    public Harness Give(int account, int outcome, long lots, int market = 1)
    {
        Assert.Equal(
            RejectReason.None,
            Reason(
                new Command
                {
                    Kind = CommandKind.ObserveBalance,
                    Account = new AccountId(account),
                    Market = new MarketId(market),
                    Outcome = (byte)outcome,
                    Quantity = new Quantity(lots),
                }
            )
        );
        return this;
    }

    public static Command Order(int account, Side side, int price, long lots, int outcome = 0, int market = 1) =>
        new()
        {
            Kind = CommandKind.PlaceOrder,
            Account = new AccountId(account),
            Market = new MarketId(market),
            Outcome = (byte)outcome,
            Side = side,
            Price = new Price(price),
            Quantity = new Quantity(lots),
        };

    public Holding Collateral(int account) => Engine.Balance(new AccountId(account), default, Command.CollateralOutcome);

    public Holding Shares(int account, int outcome, int market = 1) =>
        Engine.Balance(new AccountId(account), new MarketId(market), (byte)outcome);
}
